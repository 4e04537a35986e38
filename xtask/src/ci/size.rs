//! Limits the length of files and functions. Tests do not count, because each test is read separately.

use std::{collections::BTreeMap, fs, ops::RangeInclusive};

use anyhow::{Context as _, Result, ensure};
use syn::{Attribute, Item, Signature, spanned::Spanned as _, visit::Visit};

use super::files::{self, File};

/// Limits in lines.
struct Limits {
    /// A longer item is reported.
    report: usize,
    /// A longer item fails the check.
    fail: usize,
}

const FILE: Limits = Limits { report: 300, fail: 500 };
const FUNCTION: Limits = Limits { report: 50, fail: 80 };

/// A file or function above a limit.
struct Finding {
    location: String,
    lines: usize,
    fails: bool,
}

/// Prints files and functions above the reporting limits, longest first.
///
/// # Errors
/// If a file cannot be parsed, or a file or function is above the failure limit.
pub(super) fn check() -> Result<()> {
    let mut findings = Vec::new();
    let mut count = 0;
    for file in files::all()?.iter().filter(|file| file.is_production()) {
        findings.extend(measure(file)?);
        count += 1;
    }
    findings.sort_by_key(|it| std::cmp::Reverse(it.lines));
    for it in &findings {
        eprintln!("{:>5} lines  {}", it.lines, it.location);
    }
    let failed = findings.iter().filter(|it| it.fails).count();
    eprintln!(
        "{count} files; {} items above {} lines (files) or {} lines (functions)",
        findings.len(),
        FILE.report,
        FUNCTION.report
    );
    let (file, function) = (FILE.fail, FUNCTION.fail);
    ensure!(failed == 0, "{failed} items exceed {file} lines (files) or {function} lines (functions)");
    Ok(())
}

fn measure(file: &File) -> Result<Vec<Finding>> {
    let text = fs::read_to_string(&file.path).with_context(|| file.name.clone())?;
    let code = syn::parse_file(&text).with_context(|| file.name.clone())?;
    let tests: usize = code.items.iter().filter(|it| is_test(it)).map(|it| lines(it.span())).sum();
    let mut functions = Functions::default();
    functions.visit_file(&code);
    let mut findings = Vec::new();
    findings.extend(FILE.compare(file.name.clone(), text.lines().count().saturating_sub(tests)));
    for (line, (name, lines)) in functions.found {
        findings.extend(FUNCTION.compare(format!("{}:{line} {name}", file.name), lines));
    }
    Ok(findings)
}

impl Limits {
    fn compare(&self, location: String, lines: usize) -> Option<Finding> {
        (lines > self.report).then_some(Finding { location, lines, fails: lines > self.fail })
    }
}

/// Functions by their first line, with name and number of lines.
#[derive(Default)]
struct Functions {
    found: BTreeMap<usize, (String, usize)>,
}

impl Functions {
    fn add(&mut self, signature: &Signature, body: &syn::Block) {
        let (first, last) = (signature.span().start().line, body.span().end().line);
        self.found.insert(first, (signature.ident.to_string(), count(&(first..=last))));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

/// Returns true for a module with `#[cfg(test)]`. Other items with that attribute are imports of one or two lines.
fn is_test(item: &Item) -> bool {
    let is_cfg_test = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|it| it.tokens.to_string() == "test")
    };
    matches!(item, Item::Mod(module) if module.attrs.iter().any(is_cfg_test))
}

fn lines(span: proc_macro2::Span) -> usize {
    count(&(span.start().line..=span.end().line))
}

fn count(lines: &RangeInclusive<usize>) -> usize {
    lines.end().saturating_sub(*lines.start()).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_signature_to_end_without_those_of_tests() {
        let code = "/// One.\nfn one() {\n    two();\n}\nimpl It {\n    fn two() {}\n}\n#[cfg(test)]\nmod tests {\n    fn three() {}\n}\n";
        let mut functions = Functions::default();
        functions.visit_file(&syn::parse_file(code).unwrap());
        let found: Vec<_> = functions.found.into_iter().collect();
        assert_eq!(found, [(2, ("one".to_owned(), 3)), (6, ("two".to_owned(), 1))]);
    }
}
