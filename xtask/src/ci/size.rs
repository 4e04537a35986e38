//! How long files and functions are. Tests do not count: each of them is read alone.

use std::{collections::BTreeMap, fs, ops::RangeInclusive};

use anyhow::{Context as _, Result, ensure};
use syn::{Attribute, Item, Signature, spanned::Spanned as _, visit::Visit};

use super::files::{self, File};

/// Lines above which it is reported, and above which it fails.
struct Bounds {
    report: usize,
    fail: usize,
}

const FILE: Bounds = Bounds { report: 300, fail: 500 };
const FUNCTION: Bounds = Bounds { report: 50, fail: 80 };

/// Something long: where it is, and how many lines it has.
struct Long {
    place: String,
    lines: usize,
    fails: bool,
}

/// Reports what is hard to read.
///
/// # Errors
/// Something that cannot be read, or that is much too long.
pub(super) fn check() -> Result<()> {
    let mut long = Vec::new();
    let mut read = 0;
    for file in files::all()?.iter().filter(|file| file.is_production()) {
        long.extend(look(file)?);
        read += 1;
    }
    long.sort_by_key(|it| std::cmp::Reverse(it.lines));
    for it in &long {
        eprintln!("{:>5} lines  {}", it.lines, it.place);
    }
    let failed = long.iter().filter(|it| it.fails).count();
    eprintln!("{read} files read; {} above {}, or with functions above {}", long.len(), FILE.report, FUNCTION.report);
    let (file, function) = (FILE.fail, FUNCTION.fail);
    ensure!(failed == 0, "{failed} above the most: {file} lines a file, {function} a function");
    Ok(())
}

fn look(file: &File) -> Result<Vec<Long>> {
    let text = fs::read_to_string(&file.path).with_context(|| file.name.clone())?;
    let code = syn::parse_file(&text).with_context(|| file.name.clone())?;
    let tests: usize = code.items.iter().filter(|it| is_test(it)).map(|it| lines(it.span())).sum();
    let mut functions = Functions::default();
    functions.visit_file(&code);
    let mut long = Vec::new();
    long.extend(FILE.judge(file.name.clone(), text.lines().count().saturating_sub(tests)));
    for (line, (name, lines)) in functions.found {
        long.extend(FUNCTION.judge(format!("{}:{line} {name}", file.name), lines));
    }
    Ok(long)
}

impl Bounds {
    fn judge(&self, place: String, lines: usize) -> Option<Long> {
        (lines > self.report).then_some(Long { place, lines, fails: lines > self.fail })
    }
}

/// Functions by the line that they begin in, with what they are called and how many lines they have.
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

/// Whether it is there for tests only. What else can carry `#[cfg(test)]`, an import, is a line or two.
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
    fn functions_are_counted_from_their_name_to_their_end_and_those_of_tests_are_not() {
        let code = "/// One.\nfn one() {\n    two();\n}\nimpl It {\n    fn two() {}\n}\n#[cfg(test)]\nmod tests {\n    fn three() {}\n}\n";
        let mut functions = Functions::default();
        functions.visit_file(&syn::parse_file(code).unwrap());
        let found: Vec<_> = functions.found.into_iter().collect();
        assert_eq!(found, [(2, ("one".to_owned(), 3)), (6, ("two".to_owned(), 1))]);
    }
}
