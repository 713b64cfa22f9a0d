//! Every question that the front end asks and the answer to it, so that it can be run again without Python.

use proofmark_base::digest::Digest;
use proofmark_silicon::oracle::{Oracle, PyException, PyValue};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Questions and answers in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tape {
    /// Each answer once, with the digest of its question.
    answers: Vec<(Digest, Result<PyValue, PyException>)>,
    /// Which answer was given, question by question.
    given: Vec<usize>,
    /// Texts of files asked for, in order.
    files: Vec<(String, Option<String>)>,
}

fn question(expression: &str, args: &[PyValue]) -> Digest {
    // values of the wire: their JSON cannot fail
    let args = serde_json::to_string(args).unwrap_or_default();
    Digest::of(format!("{expression}\0{args}").as_bytes())
}

/// An oracle whose answers are taken down.
pub(super) struct Taping<'o, O> {
    oracle: &'o mut O,
    tape: Tape,
    known: HashMap<Digest, usize>,
}

impl<'o, O: Oracle> Taping<'o, O> {
    pub(super) fn new(oracle: &'o mut O) -> Self {
        Taping { oracle, tape: Tape::default(), known: HashMap::new() }
    }
    pub(super) fn done(self) -> Tape {
        self.tape
    }
}

impl<O: Oracle> Oracle for Taping<'_, O> {
    fn eval(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException> {
        let answer = self.oracle.eval(expression, args);
        let question = question(expression, args);
        let tape = &mut self.tape;
        let same = self.known.get(&question).copied().filter(|k| tape.answers[*k].1 == answer);
        let index = same.unwrap_or_else(|| {
            tape.answers.push((question, answer.clone()));
            tape.answers.len() - 1
        });
        self.known.insert(question, index);
        tape.given.push(index);
        answer
    }

    fn source(&mut self, file: &str) -> Option<String> {
        let text = self.oracle.source(file);
        self.tape.files.push((file.to_string(), text.clone()));
        text
    }
}

/// The answers again.
pub(super) struct Replay<'t> {
    tape: &'t Tape,
    asked: usize,
    files: usize,
    diverged: Option<String>,
}

impl<'t> Replay<'t> {
    pub(super) fn new(tape: &'t Tape) -> Self {
        Replay { tape, asked: 0, files: 0, diverged: None }
    }
    /// What was asked otherwise than before, or not asked.
    pub(super) fn diverged(self) -> Option<String> {
        let rest = self.asked < self.tape.given.len() || self.files < self.tape.files.len();
        self.diverged.or_else(|| rest.then(|| "not every question was asked again".to_string()))
    }
}

impl Oracle for Replay<'_> {
    fn eval(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException> {
        let answer = self.tape.given.get(self.asked).and_then(|k| self.tape.answers.get(*k));
        self.asked += 1;
        match answer {
            Some((asked, answer)) if *asked == question(expression, args) => answer.clone(),
            _ => {
                let what = format!("question {} was not asked before: {expression}", self.asked);
                self.diverged.get_or_insert(what.clone());
                let type_name = crate::oracle::OWN_EXCEPTION.into();
                Err(PyException { type_name, message: what, trace: Vec::new() })
            }
        }
    }

    fn source(&mut self, file: &str) -> Option<String> {
        let text = self.tape.files.get(self.files).filter(|(name, _)| name == file);
        self.files += 1;
        if text.is_none() {
            self.diverged.get_or_insert(format!("the file {file} was not asked for before"));
        }
        text.and_then(|(_, text)| text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u64);

    impl Oracle for Counting {
        fn eval(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException> {
            self.0 += 1;
            match expression {
                "fails" => Err(PyException { type_name: "E".into(), message: "m".into(), trace: vec![] }),
                "counts" => Ok(PyValue::Int { v: self.0.to_string() }),
                _ => Ok(PyValue::List { v: args.to_vec(), id: 1 }),
            }
        }
        fn source(&mut self, file: &str) -> Option<String> {
            (file == "a.py").then(|| "x = 1\n".to_string())
        }
    }

    fn session(o: &mut impl Oracle) -> String {
        let one = PyValue::Int { v: "1".into() };
        let mut said = String::new();
        for (expression, args) in [("same", &[one.clone()][..]), ("counts", &[]), ("same", &[one]), ("counts", &[])] {
            said += &format!("{:?}\n", o.eval(expression, args));
        }
        said + &format!("{:?} {:?} {:?}", o.source("a.py"), o.source("b.py"), o.eval("fails", &[]))
    }

    #[test]
    fn the_same_questions_get_the_same_answers() {
        let mut counting = Counting(0);
        let mut taping = Taping::new(&mut counting);
        let said = session(&mut taping);
        let tape = taping.done();
        assert_eq!(tape.answers.len(), 4, "an answer that was given before is kept once");
        let tape: Tape = serde_json::from_str(&serde_json::to_string(&tape).unwrap()).unwrap();
        let mut replay = Replay::new(&tape);
        assert_eq!(session(&mut replay), said);
        assert_eq!(replay.diverged(), None);
    }

    #[test]
    fn another_question_is_noticed() {
        let mut counting = Counting(0);
        let mut taping = Taping::new(&mut counting);
        let _ = taping.eval("counts", &[]);
        let tape = taping.done();
        let mut replay = Replay::new(&tape);
        assert!(replay.eval("other", &[]).is_err());
        assert!(replay.diverged().is_some_and(|d| d.contains("other")));
        assert!(Replay::new(&tape).diverged().is_some(), "a question that is not asked");
        let mut replay = Replay::new(&tape);
        let _ = (replay.eval("counts", &[]), replay.source("a.py"));
        assert!(replay.diverged().is_some());
    }
}
