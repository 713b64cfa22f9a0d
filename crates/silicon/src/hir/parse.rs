//! Reads the text form that [`super::text`] writes.

use super::lex::{Token, lex};
use super::text::{BINARY, REDUCTION, UNARY};
use super::{
    Atom, Dim, Entry, Fault, Func, FuncId, Inst, Length, LengthId, Module, Op, ParamRole, Reduction, Region,
    ResultRole, StateField, Table, TableId, Type, ValueData, ValueId,
};
use crate::dtype::{DType, Scalar};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt;

/// Deepest nesting of regions and dimensions.
const DEEPEST: usize = 256;

/// Why a text is not a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl ParseError {
    pub(super) fn at(text: &str, position: usize, message: impl Into<String>) -> ParseError {
        let before = text.get(..position).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        ParseError { line, column, message: message.into() }
    }
}
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}
impl std::error::Error for ParseError {}

/// Reads a module. It is not checked.
///
/// # Errors
/// The first place where the text departs from the form.
pub fn parse(text: &str) -> Result<Module, ParseError> {
    let tokens = lex(text)?;
    let mut p = Parser { text, tokens, next: 0, depth: 0, values: BTreeMap::new() };
    p.module()
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
    /// Values of the function being read.
    values: BTreeMap<u32, ValueData>,
}

type Parsed<T> = Result<T, ParseError>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |t| &t.0)
    }
    fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let at = self.tokens.get(self.next).map_or(self.text.len(), |t| t.1);
        Err(ParseError::at(self.text, at, message))
    }
    fn mark(&mut self, m: &str) -> bool {
        let found = matches!(self.peek(), Token::Mark(t) if *t == m);
        self.next += usize::from(found);
        found
    }
    fn word(&mut self, w: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(t) if t == w);
        self.next += usize::from(found);
        found
    }
    fn need(&mut self, m: &str) -> Parsed<()> {
        if self.mark(m) || self.word(m) { Ok(()) } else { self.fail(format!("`{m}` is due")) }
    }
    fn any_word(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            Token::Word(w) => {
                self.next += 1;
                Ok(w)
            }
            _ => self.fail("a word is due"),
        }
    }
    fn string(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            Token::Text(s) => {
                self.next += 1;
                Ok(s)
            }
            _ => self.fail("a string is due"),
        }
    }
    fn number<T: std::str::FromStr>(&mut self) -> Parsed<T> {
        let parsed = match self.peek() {
            Token::Number(s) => s.parse().ok(),
            // infinity has the form of a word
            Token::Word(s) if s == "inf" => s.parse().ok(),
            _ => None,
        };
        match parsed {
            Some(v) => {
                self.next += 1;
                Ok(v)
            }
            None => self.fail("a number is due, or it is out of range"),
        }
    }
    fn hex(&mut self) -> Parsed<u64> {
        let parsed = match self.peek() {
            Token::Number(s) => s.strip_prefix("0x").and_then(|s| u64::from_str_radix(s, 16).ok()),
            _ => None,
        };
        match parsed {
            Some(v) => {
                self.next += 1;
                Ok(v)
            }
            None => self.fail("hexadecimal bits are due"),
        }
    }
    fn value(&mut self) -> Parsed<ValueId> {
        match *self.peek() {
            Token::Value(v) => {
                self.next += 1;
                Ok(ValueId(v))
            }
            _ => self.fail("a value is due"),
        }
    }
    /// Items up to a closing mark.
    fn list<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut out = Vec::new();
        if self.mark(close) {
            return Ok(out);
        }
        loop {
            out.push(item(self)?);
            if self.mark(close) {
                return Ok(out);
            }
            self.need(",")?;
        }
    }
    fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return self.fail("nested too deeply");
        }
        self.depth += 1;
        let r = f(self);
        self.depth -= 1;
        r
    }

    fn dim(&mut self) -> Parsed<Dim> {
        self.nested(|p| {
            let mut d = Dim::default();
            let mut first = true;
            loop {
                let plus = !first && p.mark("+");
                let negative = matches!(p.peek(), Token::Number(s) if s.starts_with('-'));
                if !(first || plus || negative) {
                    return Ok(d);
                }
                first = false;
                if matches!(p.peek(), Token::Number(_)) {
                    let k: i64 = p.number()?;
                    if !p.mark("*") {
                        d.constant = match d.constant.checked_add(k) {
                            Some(c) => c,
                            None => return p.fail("a dimension is too large"),
                        };
                        continue;
                    }
                    let a = p.product()?;
                    d.terms.push((a, k));
                } else {
                    let a = p.product()?;
                    d.terms.push((a, 1));
                }
            }
        })
    }
    fn product(&mut self) -> Parsed<Atom> {
        let mut factors = vec![self.atom()?];
        while self.mark("*") {
            factors.push(self.atom()?);
        }
        Ok(if factors.len() == 1 { factors.swap_remove(0) } else { Atom::Product(factors) })
    }
    fn atom(&mut self) -> Parsed<Atom> {
        match self.peek().clone() {
            Token::Length(l) => {
                self.next += 1;
                Ok(Atom::Length(LengthId(l)))
            }
            Token::Value(v) => {
                self.next += 1;
                Ok(Atom::Value(ValueId(v)))
            }
            Token::Word(w) if ["div", "max", "min"].contains(&w.as_str()) => {
                self.next += 1;
                self.need("(")?;
                let a = Box::new(self.dim()?);
                self.need(",")?;
                let atom = match w.as_str() {
                    "div" => {
                        let k = self.number()?;
                        if k < 1 {
                            return self.fail("the divisor of a dimension is positive");
                        }
                        Atom::Div(a, k)
                    }
                    "max" => Atom::Max(a, Box::new(self.dim()?)),
                    _ => Atom::Min(a, Box::new(self.dim()?)),
                };
                self.need(")")?;
                Ok(atom)
            }
            _ => self.fail("a dimension is due"),
        }
    }
    fn dtype(&mut self) -> Parsed<DType> {
        match DType::from_name(&self.any_word()?) {
            Some(d) => Ok(d),
            None => {
                self.next -= 1;
                self.fail("an element type is due")
            }
        }
    }
    fn ty(&mut self) -> Parsed<Type> {
        let dtype = self.dtype()?;
        let shape = if self.mark("[") { self.list("]", Self::dim)? } else { Vec::new() };
        Ok(Type { dtype, shape })
    }

    fn float(&mut self, dtype: DType) -> Parsed<u64> {
        if self.word("nan") {
            self.need("(")?;
            let bits = self.hex()?;
            self.need(")")?;
            return Ok(bits);
        }
        Ok(match dtype.real() {
            DType::Float32 => u64::from(self.number::<f32>()?.to_bits()),
            _ => self.number::<f64>()?.to_bits(),
        })
    }
    fn scalar(&mut self, dtype: DType) -> Parsed<Scalar> {
        if self.word("raw") {
            self.need("(")?;
            let re = self.hex()?;
            self.need(",")?;
            let im = self.hex()?;
            self.need(")")?;
            return Ok(Scalar { dtype, re, im });
        }
        if dtype == DType::Bool {
            return match self.any_word()?.as_str() {
                "true" => Ok(Scalar::bool(true)),
                "false" => Ok(Scalar::bool(false)),
                _ => self.fail("`true` or `false` is due"),
            };
        }
        if let Some((low, high)) = dtype.int_range() {
            let v: i128 = self.number()?;
            if v < low || v > high {
                self.next -= 1;
                return self.fail(format!("{v} is no {dtype}"));
            }
            return Ok(Scalar::int(dtype, v));
        }
        if dtype.is_complex() {
            self.need("(")?;
            let re = self.float(dtype)?;
            self.need(",")?;
            let im = self.float(dtype)?;
            self.need(")")?;
            return Ok(Scalar { dtype, re, im });
        }
        Ok(Scalar { dtype, re: self.float(dtype)?, im: 0 })
    }

    /// A value with its name and type.
    fn define(&mut self) -> Parsed<ValueId> {
        let v = self.value()?;
        let name = if matches!(self.peek(), Token::Text(_)) { Some(self.string()?) } else { None };
        self.need(":")?;
        let ty = self.ty()?;
        if self.values.insert(v.0, ValueData { ty, span: None, name, library: false }).is_some() {
            return self.fail(format!("%{} is defined twice", v.0));
        }
        Ok(v)
    }
    fn region(&mut self) -> Parsed<Region> {
        self.nested(|p| {
            let params = if p.mark("(") { p.list(")", Self::define)? } else { Vec::new() };
            p.need("{")?;
            let mut body = Vec::new();
            loop {
                if p.mark("}") {
                    return Ok(Region { params, body, results: Vec::new() });
                }
                if p.word("yield") {
                    let results = p.list("}", Self::value)?;
                    return Ok(Region { params, body, results });
                }
                body.push(p.inst()?);
            }
        })
    }
    fn named_region(&mut self, name: &str) -> Parsed<Region> {
        self.need(name)?;
        self.region()
    }

    fn inst(&mut self) -> Parsed<Inst> {
        let mut results = Vec::new();
        if matches!(self.peek(), Token::Value(_)) {
            results = self.list("=", Self::define)?;
        }
        let name = self.any_word()?;
        let mut op = self.op(&name)?;
        let args = if self.mark("(") { self.list(")", Self::value)? } else { Vec::new() };
        match &mut op {
            Op::For { body, .. } => *body = self.named_region("body")?,
            Op::While { cond, body } => {
                *cond = self.named_region("cond")?;
                *body = self.named_region("body")?;
            }
            Op::If { then, otherwise } => {
                *then = self.named_region("then")?;
                *otherwise = self.named_region("else")?;
            }
            _ => {}
        }
        Ok(Inst { op, args, results, span: None })
    }
    fn numbers<T: std::str::FromStr>(&mut self) -> Parsed<Vec<T>> {
        if self.mark("[") { self.list("]", Self::number) } else { Ok(Vec::new()) }
    }
    fn one<T>(&mut self, f: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.need("[")?;
        let v = f(self)?;
        self.need("]")?;
        Ok(v)
    }
    /// An operation and its attributes; regions are left empty.
    fn op(&mut self, name: &str) -> Parsed<Op> {
        fn find<T: Copy>(names: &[(&str, T)], name: &str) -> Option<T> {
            names.iter().find(|(s, _)| *s == name).map(|(_, op)| *op)
        }
        let reduction = |prefix: &str| -> Option<Reduction> { find(REDUCTION, name.strip_prefix(prefix)?) };
        if let Some(op) = find(UNARY, name) {
            return Ok(Op::Unary(op));
        }
        if let Some(op) = find(BINARY, name) {
            return Ok(Op::Binary(op));
        }
        if let Some(kind) = reduction("reduce_") {
            return Ok(Op::Reduce { kind, axes: self.numbers()? });
        }
        if let Some(kind) = reduction("scan_") {
            return Ok(Op::Scan { kind, axis: self.one(Self::number)? });
        }
        Ok(match name {
            "const" => Op::Const(self.one(|p| {
                let dtype = p.dtype()?;
                p.scalar(dtype)
            })?),
            "table" => Op::Table(TableId(self.one(Self::number)?)),
            "dim" => Op::Dim(self.one(Self::dim)?),
            "select" => Op::Select,
            "kernel" => Op::Kernel(FuncId(self.one(Self::number)?)),
            "iota" => Op::Iota,
            "broadcast" => Op::Broadcast,
            "reshape" => Op::Reshape,
            "transpose" => Op::Transpose(self.numbers()?),
            "slice" => Op::Slice { steps: self.numbers()? },
            "insert_slice" => Op::InsertSlice { steps: self.numbers()? },
            "extract" => Op::Extract,
            "insert" => Op::Insert,
            "gather" => Op::Gather { axis: self.one(Self::number)? },
            "scatter" => Op::Scatter { axis: self.one(Self::number)? },
            "compress" => Op::Compress,
            "concat" => Op::Concat { axis: self.one(Self::number)? },
            "argmax" | "argmin" => Op::ArgReduce { max: name == "argmax", axis: self.one(Self::number)? },
            "matmul" => Op::MatMul,
            "sort" => Op::Sort,
            "argsort" => Op::ArgSort,
            "fir" => {
                let (up, down) = self.one(|p| {
                    let up = p.number()?;
                    p.need(",")?;
                    Ok((up, p.number()?))
                })?;
                Op::Fir { up, down }
            }
            "sosfilt" => Op::Sosfilt,
            "for" => Op::For { step: self.one(Self::number)?, body: Region::default() },
            "while" => Op::While { cond: Region::default(), body: Region::default() },
            "if" => Op::If { then: Region::default(), otherwise: Region::default() },
            "check" => Op::Check(self.one(|p| {
                let exception = p.string()?;
                p.need(",")?;
                Ok(Fault { exception, message: p.string()? })
            })?),
            _ => {
                self.next -= 1;
                return self.fail(format!("there is no operation `{name}`"));
            }
        })
    }

    fn func(&mut self) -> Parsed<Func> {
        self.need("func")?;
        let mut func = Func { name: self.string()?, ..Func::default() };
        self.values.clear();
        func.body = self.region()?;
        loop {
            if self.word("bound") {
                let v = self.value()?;
                self.need("[")?;
                let low = self.bound()?;
                self.need(",")?;
                let high = self.bound()?;
                self.need("]")?;
                func.bounds.insert(v, (low, high));
            } else if self.word("unused") {
                self.define()?;
            } else {
                break;
            }
        }
        for (i, (v, data)) in std::mem::take(&mut self.values).into_iter().enumerate() {
            if v as usize != i {
                return self.fail(format!("%{i} is missing from `{}`", func.name));
            }
            func.values.push(data);
        }
        Ok(func)
    }
    fn bound(&mut self) -> Parsed<Option<Dim>> {
        if self.mark("_") { Ok(None) } else { self.dim().map(Some) }
    }

    fn table(&mut self) -> Parsed<Table> {
        let name = self.string()?;
        let dtype = self.dtype()?;
        let shape = self.numbers()?;
        let provenance = self.string()?;
        let data = if self.word("base64") {
            match STANDARD.decode(self.string()?) {
                Ok(data) => data,
                Err(_) => return self.fail("the base64 data is not whole"),
            }
        } else {
            self.need("[")?;
            self.list("]", |p| p.scalar(dtype))?.into_iter().flat_map(Scalar::to_le_bytes).collect()
        };
        Ok(Table { name, dtype, shape, data, provenance })
    }

    fn param_role(&mut self) -> Parsed<ParamRole> {
        if self.word("state") {
            return Ok(ParamRole::State(self.number()?));
        }
        self.need("input")?;
        Ok(ParamRole::Input(self.string()?))
    }
    fn result_role(&mut self) -> Parsed<ResultRole> {
        if self.word("state") {
            return Ok(ResultRole::State(self.number()?));
        }
        if self.word("mutated") {
            return Ok(ResultRole::Mutated(self.string()?));
        }
        self.need("output")?;
        Ok(ResultRole::Output(self.string()?))
    }

    fn module(&mut self) -> Parsed<Module> {
        self.need("module")?;
        let mut m = Module { name: self.string()?, ..Module::default() };
        m.fma = self.word("fma");
        loop {
            if self.word("length") {
                let name = self.string()?;
                let min = self.number()?;
                self.need("..")?;
                let max = if matches!(self.peek(), Token::Number(_)) { Some(self.number()?) } else { None };
                m.lengths.push(Length { name, min, max });
            } else if self.word("table") {
                m.tables.push(self.table()?);
            } else if self.word("state") {
                let name = self.string()?;
                self.need(":")?;
                let ty = self.ty()?;
                self.need("=")?;
                self.need("table")?;
                m.state.push(StateField { name, ty, init: TableId(self.number()?) });
            } else if self.word("kernel") {
                m.kernels.push(self.func()?);
            } else if self.word("entry") {
                self.need("(")?;
                let params = self.list(")", Self::param_role)?;
                self.need("->")?;
                self.need("(")?;
                let results = self.list(")", Self::result_role)?;
                m.entries.push(Entry { func: self.func()?, params, results });
            } else if *self.peek() == Token::End {
                return Ok(m);
            } else {
                return self.fail("`length`, `table`, `state`, `kernel` or `entry` is due");
            }
        }
    }
}
