//! `.npy` and `.npz` against NumPy itself.

use crate::support::python;
use proofmark_silicon::oracle::DType;
use proofmark_silicon_verify::npy::{Array, NpyError, npz_bytes, read_npy, read_npz, write_npy};
use std::process::Command;

const TYPES: [(DType, &str); 13] = [
    (DType::Bool, "bool"),
    (DType::Int8, "int8"),
    (DType::Int16, "int16"),
    (DType::Int32, "int32"),
    (DType::Int64, "int64"),
    (DType::Uint8, "uint8"),
    (DType::Uint16, "uint16"),
    (DType::Uint32, "uint32"),
    (DType::Uint64, "uint64"),
    (DType::Float32, "float32"),
    (DType::Float64, "float64"),
    (DType::Complex64, "complex64"),
    (DType::Complex128, "complex128"),
];

fn numpy(folder: &std::path::Path, script: &str) {
    let output = Command::new(python()).args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn numpy_reads_what_we_write_and_we_read_what_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let names = TYPES.map(|(_, n)| format!("'{n}'")).join(",");
    numpy(
        folder.path(),
        &format!(
            "import numpy as np\nbase = (np.arange(24).reshape(2, 3, 4) * 5) % 7\n\
             a = {{n: base.astype(n) for n in [{names}]}}\n\
             np.savez('plain.npz', **a)\n\
             np.savez_compressed('fortran.npz', **{{n: np.asfortranarray(v) for n, v in a.items()}})\n\
             np.savez('big.npz', **{{n: v.astype(v.dtype.newbyteorder('>')) for n, v in a.items()}})\n\
             np.savez('odd.npz', scalar=np.float32(2), empty=np.zeros((0, 5)), one=np.array([1+2j]))"
        ),
    );
    let read = |name: &str| read_npz(std::fs::File::open(folder.path().join(name)).unwrap()).unwrap();
    let plain = read("plain.npz");
    assert_eq!(plain.len(), 13);
    for ((name, array), (dtype, wanted)) in plain.iter().zip(TYPES) {
        assert_eq!((name.as_str(), array.dtype, array.shape.as_slice()), (wanted, dtype, &[2, 3, 4][..]));
    }
    let bytes: Vec<u8> = (0..24u8).map(|i| i * 5 % 7).collect();
    assert_eq!(plain[5].1.data, bytes);
    assert_eq!(read("fortran.npz"), plain);
    assert_eq!(read("big.npz"), plain);
    let odd = read("odd.npz");
    assert_eq!(odd[0].1, Array { dtype: DType::Float32, shape: vec![], data: 2f32.to_le_bytes().to_vec() });
    assert_eq!((odd[1].1.shape.as_slice(), odd[1].1.data.len()), (&[0, 5][..], 0));

    let ours = npz_bytes(&plain).unwrap();
    assert_eq!(ours, npz_bytes(&plain).unwrap());
    std::fs::write(folder.path().join("ours.npz"), &ours).unwrap();
    let mut odd_bytes = Vec::new();
    write_npy(&mut odd_bytes, &odd[1].1).unwrap();
    std::fs::write(folder.path().join("ours.npy"), &odd_bytes).unwrap();
    numpy(
        folder.path(),
        "import numpy as np\na, b = np.load('plain.npz'), np.load('ours.npz')\nassert a.files == b.files\n\
         assert all(a[n].dtype == b[n].dtype and (a[n] == b[n]).all() for n in a.files)\n\
         assert np.load('ours.npy').shape == (0, 5)",
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    numpy(
        folder.path(),
        "import numpy as np\nnp.save('half.npy', np.float16(1))\nnp.save('text.npy', np.array(['a']))",
    );
    for name in ["half.npy", "text.npy"] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        assert!(matches!(read_npy(&bytes[..]), Err(NpyError::Type(_))), "{name}");
    }
    let array = Array { dtype: DType::Int16, shape: vec![3], data: vec![0; 6] };
    let mut bytes = Vec::new();
    write_npy(&mut bytes, &array).unwrap();
    assert!(matches!(read_npy(&bytes[..bytes.len() - 1]), Err(NpyError::Size { wanted: 6, found: 5 })));
    assert!(matches!(write_npy(Vec::new(), &Array { shape: vec![4], ..array }), Err(NpyError::Size { .. })));
    assert!(matches!(read_npy(&b"no such thing"[..]), Err(NpyError::Io(_))));
}

#[test]
fn the_doctor_sees_what_is_there() {
    use proofmark_silicon_verify::{python::Search, tool};
    let search = Search { option: Some(python()), path: std::env::var_os("PATH"), ..Search::default() };
    let found = tool::doctor(&search);
    let status = |name: &str| found.iter().find(|s| s.name == name).unwrap().found.clone();
    assert!(status("python").unwrap().1.contains("NumPy 2."));
    let (path, version) = status("gcc").unwrap();
    assert!(path.is_absolute() && version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
    let nothing = tool::doctor(&Search { option: Some("/no/python".into()), ..Search::default() });
    assert!(nothing.iter().all(|s| s.found.is_none() && !s.install_hint.is_empty()));
}
