//! NumPy's `.npy` and `.npz` files (format 1.0 to 3.0), to and from plain bytes. The same arrays always give the
//! same file: members in the order given, uncompressed, dated 1980-01-01.

use npyz::{DType as NpyType, NpyHeader, Order, TypeChar, TypeStr, WriteOptions, WriterBuilder};
use proofmark_silicon::oracle::DType;
use std::io::{Cursor, Read, Seek, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// An array: C-order little-endian bytes, as in `PyValue::Ndarray`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Element type.
    pub dtype: DType,
    /// Shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// `shape` product times the element size bytes.
    pub data: Vec<u8>,
}

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// From the system or the file format.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// From the archive format.
    #[error("{0}")]
    Zip(#[from] zip::result::ZipError),
    /// An element type Proofmark does not know (object, string, structured, float16, ...).
    #[error("arrays of type {0} are not supported")]
    Type(String),
    /// Shape and bytes do not fit together.
    #[error("{found} bytes of data where the shape asks for {wanted}")]
    Size {
        /// By shape and type.
        wanted: usize,
        /// There.
        found: usize,
    },
    /// The product of the shape is beyond this machine.
    #[error("the shape is too large")]
    TooLarge,
}

/// Bytes of one element.
pub fn element_size(dtype: DType) -> usize {
    match dtype {
        DType::Bool | DType::Int8 | DType::Uint8 => 1,
        DType::Int16 | DType::Uint16 => 2,
        DType::Int32 | DType::Uint32 | DType::Float32 => 4,
        DType::Int64 | DType::Uint64 | DType::Float64 | DType::Complex64 => 8,
        DType::Complex128 => 16,
    }
}

fn type_code(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "|b1",
        DType::Int8 => "|i1",
        DType::Uint8 => "|u1",
        DType::Int16 => "<i2",
        DType::Int32 => "<i4",
        DType::Int64 => "<i8",
        DType::Uint16 => "<u2",
        DType::Uint32 => "<u4",
        DType::Uint64 => "<u8",
        DType::Float32 => "<f4",
        DType::Float64 => "<f8",
        DType::Complex64 => "<c8",
        DType::Complex128 => "<c16",
    }
}

fn dtype_of(code: &TypeStr) -> Option<DType> {
    Some(match (code.type_char(), code.num_bytes()?) {
        (TypeChar::Bool, 1) => DType::Bool,
        (TypeChar::Int, 1) => DType::Int8,
        (TypeChar::Int, 2) => DType::Int16,
        (TypeChar::Int, 4) => DType::Int32,
        (TypeChar::Int, 8) => DType::Int64,
        (TypeChar::Uint, 1) => DType::Uint8,
        (TypeChar::Uint, 2) => DType::Uint16,
        (TypeChar::Uint, 4) => DType::Uint32,
        (TypeChar::Uint, 8) => DType::Uint64,
        (TypeChar::Float, 4) => DType::Float32,
        (TypeChar::Float, 8) => DType::Float64,
        (TypeChar::Complex, 8) => DType::Complex64,
        (TypeChar::Complex, 16) => DType::Complex128,
        _ => return None,
    })
}

/// Bytes an array of this type and shape takes.
fn byte_count(dtype: DType, shape: &[usize]) -> Result<usize, NpyError> {
    // A zero anywhere makes it empty, however large the other sizes are.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape.iter().try_fold(element_size(dtype), |n, &d| n.checked_mul(d)).ok_or(NpyError::TooLarge)
}

/// Writes one array as `.npy`.
///
/// # Errors
/// [`NpyError::Size`] when the data does not fit the shape; [`NpyError::Io`].
pub fn write_npy(mut to: impl Write, array: &Array) -> Result<(), NpyError> {
    let wanted = byte_count(array.dtype, &array.shape)?;
    if wanted != array.data.len() {
        return Err(NpyError::Size { wanted, found: array.data.len() });
    }
    let code: TypeStr = type_code(array.dtype).parse().map_err(|_| NpyError::Type(format!("{:?}", array.dtype)))?;
    let shape: Vec<u64> = array.shape.iter().map(|&d| d as u64).collect();
    WriteOptions::new_header_only()
        .dtype(NpyType::new_scalar(code))
        .shape(&shape)
        .writer(&mut to)
        .write_header_only()?;
    to.write_all(&array.data)?;
    Ok(())
}

/// Reads one `.npy`; big-endian and Fortran-order files are converted.
///
/// # Errors
/// [`NpyError`].
pub fn read_npy(mut from: impl Read) -> Result<Array, NpyError> {
    let header = NpyHeader::from_reader(&mut from)?;
    let NpyType::Plain(code) = header.dtype() else { return Err(NpyError::Type(header.dtype().descr())) };
    let dtype = dtype_of(&code).ok_or_else(|| NpyError::Type(code.to_string()))?;
    let shape: Vec<usize> =
        header.shape().iter().map(|&d| usize::try_from(d).map_err(|_| NpyError::TooLarge)).collect::<Result<_, _>>()?;
    let wanted = byte_count(dtype, &shape)?;
    let mut data = Vec::new();
    from.take(wanted as u64).read_to_end(&mut data)?;
    if data.len() != wanted {
        return Err(NpyError::Size { wanted, found: data.len() });
    }
    if code.endianness() == npyz::Endianness::Big {
        let part = match dtype {
            DType::Complex64 | DType::Complex128 => element_size(dtype) / 2,
            _ => element_size(dtype),
        };
        data.chunks_exact_mut(part).for_each(<[u8]>::reverse);
    }
    if header.order() == Order::Fortran && shape.len() > 1 {
        data = to_c_order(&data, &shape, element_size(dtype));
    }
    Ok(Array { dtype, shape, data })
}

fn to_c_order(data: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let (mut out, mut index) = (Vec::with_capacity(data.len()), vec![0; shape.len()]);
    for _ in 0..data.len() / size {
        let from: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        out.extend_from_slice(&data[from * size..][..size]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}

/// Writes named arrays as `.npz`, in the order given.
///
/// # Errors
/// [`NpyError`]; a name given twice is a zip error.
pub fn write_npz(to: impl Write + Seek, arrays: &[(String, Array)]) -> Result<(), NpyError> {
    let mut archive = ZipWriter::new(to);
    for (name, array) in arrays {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .large_file(array.data.len() > (1 << 31));
        archive.start_file(format!("{name}.npy"), options)?;
        write_npy(&mut archive, array)?;
    }
    archive.finish()?;
    Ok(())
}

/// Reads a `.npz` (compressed or not): names without `.npy`, in the order of the archive.
///
/// # Errors
/// [`NpyError`]; a member that is not a `.npy` is one of type [`NpyError::Type`].
pub fn read_npz(from: impl Read + Seek) -> Result<Vec<(String, Array)>, NpyError> {
    let mut archive = ZipArchive::new(from)?;
    let mut arrays = Vec::new();
    for place in 0..archive.len() {
        let member = archive.by_index(place)?;
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_string) else { return Err(NpyError::Type(name)) };
        arrays.push((name, read_npy(member)?));
    }
    Ok(arrays)
}

/// [`write_npz`] into memory.
///
/// # Errors
/// As there.
pub fn npz_bytes(arrays: &[(String, Array)]) -> Result<Vec<u8>, NpyError> {
    let mut bytes = Cursor::new(Vec::new());
    write_npz(&mut bytes, arrays)?;
    Ok(bytes.into_inner())
}
