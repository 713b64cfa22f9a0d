//! What follows from a translation without running anything: the module before and after the passes, the program the
//! targets are printed from, and the recorded vectors. The same translation gives the same design, so that whoever has
//! the one can make the other again.

use super::kernels::Kernels;
use super::pipeline::Stopped;
use super::vectors;
use proofmark_base::diagnostics::SourceMap;
use proofmark_silicon::hir::{Checked, Module};
use proofmark_silicon::lir::Program;
use proofmark_silicon::oracle::Recording;
use proofmark_silicon::passes::{self, PassOptions, PassReport};
use proofmark_silicon::translation::{Numeric, Translation};
use std::cell::OnceCell;

/// Most errors of a module that are listed.
const LISTED: usize = 8;

/// A translation made ready to be verified.
pub struct Design {
    /// The translation, in float32 where that was asked for.
    pub t: Translation,
    /// As the front end gave it.
    pub read: Checked<Module>,
    /// After the passes: the golden model.
    pub made: Checked<Module>,
    /// What the passes did.
    pub reports: Vec<PassReport>,
    /// The same lowered.
    pub program: Program,
    /// Whether it is in float32.
    pub narrow: bool,
    /// The user's files.
    pub sources: SourceMap,
    /// Vectors of the bench; made up ones without a reference when there was none.
    pub recorded: vectors::Recorded,
    /// Whether CPython's results are known.
    pub has_reference: bool,
    /// `python`, `numpy`, `scipy` with their versions, when the bench ran.
    pub versions: Vec<(String, String)>,
    kernels: OnceCell<Option<Kernels>>,
}

impl Design {
    /// Checks, optimises and lowers a translation.
    ///
    /// # Errors
    /// [`Stopped`]: the program cannot be lowered, or a defect of ours.
    pub fn new(
        translation: &Translation,
        recording: Option<&Recording>,
        sources: &SourceMap,
        numeric: Numeric,
    ) -> Result<Design, Stopped> {
        let narrow = numeric == Numeric::F32;
        let t = if narrow { narrowed(translation) } else { translation.clone() };
        let read = proofmark_silicon::hir::check(t.module.clone()).map_err(|errors| {
            let text: Vec<String> = errors.iter().take(LISTED).map(ToString::to_string).collect();
            Stopped::Bug(format!("the front end made an invalid module:\n{}", text.join("\n")))
        })?;
        let (made, reports) = optimised(&read)?;
        let program = proofmark_silicon::lower::lower(&made).map_err(Stopped::Refused)?;
        let recorded = match recording {
            Some(recording) => vectors::recorded(&t, recording, narrow),
            None => vectors::Recorded { sequences: super::generate::synthetic(&t), ..Default::default() },
        };
        let has_reference = recording.is_some() && !recorded.sequences.is_empty();
        let versions = recording.map(|r| r.versions.clone()).unwrap_or_default();
        let (sources, kernels) = (sources.clone(), OnceCell::new());
        Ok(Design { t, read, made, reports, program, narrow, sources, recorded, has_reference, versions, kernels })
    }

    /// Its kernels as a design of their own; none without a reference, and where there are none to try alone.
    pub(super) fn kernels(&self) -> Option<&Kernels> {
        let new = || if self.has_reference { Kernels::new(&self.made, &self.program) } else { None };
        self.kernels.get_or_init(new).as_ref()
    }
}

/// The translation in float32: ports, state and tables too, so that everything after sees one program.
fn narrowed(t: &Translation) -> Translation {
    let mut t = t.clone();
    if let Some(pass) = passes::find("narrow") {
        let mut options = PassOptions { narrow: true, ..PassOptions::default() };
        passes::run_one(pass, &mut t.module, &mut options);
        if let Some(u) = &mut t.unset {
            passes::run_one(pass, &mut u.module, &mut options);
        }
    }
    t
}

/// Optimises a module. The one place where passes are run.
///
/// # Errors
/// A pass broke the module: our defect.
fn optimised(module: &Checked<Module>) -> Result<(Checked<Module>, Vec<PassReport>), Stopped> {
    let mut options = PassOptions::default();
    let (made, reports) = passes::run((**module).clone(), &mut options);
    let made = proofmark_silicon::hir::check(made).map_err(|errors| {
        let text: Vec<String> = errors.iter().take(LISTED).map(ToString::to_string).collect();
        Stopped::Bug(format!("the passes made an invalid module:\n{}", text.join("\n")))
    })?;
    Ok((made, reports))
}
