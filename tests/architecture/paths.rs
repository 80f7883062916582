//! Which paths one file mentions: in `use`, in expressions, types and patterns, in attributes and
//! in the tokens of macros. What is for tests alone (`#[cfg(test)]`) is left out.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, ImplItem, Item, ItemExternCrate, ItemMod, ItemUse, Local, Macro, Meta, Path, Token,
    TraitItem, UseTree, Visibility,
};

/// A path as one file writes it.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    /// The module that it stands in.
    pub(crate) module: Vec<String>,
    /// Its segments; a glob is its folder's path.
    pub(crate) segments: Vec<String>,
    /// Whether it begins with `::`.
    pub(crate) is_global: bool,
    /// Under which name a `use` brings it into the module.
    pub(crate) name: Option<String>,
    pub(crate) line: usize,
}

/// What one file says of modules and paths.
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) mentions: Vec<Mention>,
    /// Modules written within the file.
    pub(crate) inline: Vec<Vec<String>>,
    /// Modules declared for tests alone.
    pub(crate) for_tests: Vec<Vec<String>>,
    /// Lines that lead to source elsewhere, and by what. This analysis does not follow them.
    pub(crate) unfollowed: Vec<(usize, &'static str)>,
}

/// The content of the file that holds `module`.
pub(crate) fn content(module: Vec<String>, source: &str) -> syn::Result<Content> {
    let file = syn::parse_file(source)?;
    let mut reader = Reader {
        module,
        content: Content::default(),
    };
    if is_for_tests(&file.attrs) {
        reader.content.for_tests.push(reader.module);
    } else {
        reader.visit_file(&file);
    }
    Ok(reader.content)
}

/// Reads one file, a module within another at a time.
pub(crate) struct Reader {
    module: Vec<String>,
    content: Content,
}

impl Reader {
    pub(crate) fn mention(&mut self, segments: Vec<String>, is_global: bool, span: Span) {
        self.content.mentions.push(Mention {
            module: self.module.clone(),
            segments,
            is_global,
            name: None,
            line: span.start().line,
        });
    }

    /// Each path of a `use` tree. A group's `self` stays as the last segment.
    fn use_tree(&mut self, tree: &UseTree, before: &[String], is_global: bool) {
        let joined = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&path.tree, &joined(&path.ident), is_global),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, before, is_global);
                }
            }
            UseTree::Glob(glob) => {
                self.mention(before.to_vec(), is_global, glob.star_token.spans[0]);
            }
            UseTree::Name(name) => {
                let segments = joined(&name.ident);
                self.imported(segments, is_global, &name.ident, &name.ident);
            }
            UseTree::Rename(rename) => {
                let segments = joined(&rename.ident);
                self.imported(segments, is_global, &rename.ident, &rename.rename);
            }
        }
    }

    fn imported(
        &mut self,
        segments: Vec<String>,
        is_global: bool,
        at: &syn::Ident,
        name: &syn::Ident,
    ) {
        let named = if name == "self" {
            segments.iter().rev().nth(1).cloned()
        } else {
            Some(name.to_string())
        };
        self.mention(segments, is_global, at.span());
        if let Some(mention) = self.content.mentions.last_mut() {
            mention.name = named;
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = attributes(item);
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        } else if let Item::Mod(module) = item {
            let path = [&self.module[..], &[module.ident.to_string()]].concat();
            self.content.for_tests.push(path);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !matches!(item, TraitItem::Fn(item) if is_for_tests(&item.attrs)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !is_for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        if !is_for_tests(&variant.attrs) {
            visit::visit_variant(self, variant);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if !is_for_tests(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if !is_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        if item.content.is_some() {
            self.content.inline.push(self.module.clone());
        }
        let relocated = item.attrs.iter().filter(|a| a.path().is_ident("path"));
        let lines = relocated.map(|a| (a.pound_token.spans[0].start().line, "#[path]"));
        self.content.unfollowed.extend(lines);
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.use_tree(&item.tree, &[], item.leading_colon.is_some());
    }

    /// `extern crate … as other` may be a second name of the crate.
    fn visit_item_extern_crate(&mut self, item: &'ast ItemExternCrate) {
        let name = item.ident.to_string();
        if name == "self" {
            self.mention(vec!["crate".to_owned()], false, item.ident.span());
        } else if item.rename.is_some() {
            self.mention(vec![name], true, item.ident.span());
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if segments.len() > 1
            && let Some(first) = path.segments.first()
        {
            self.mention(segments, path.leading_colon.is_some(), first.ident.span());
        }
        visit::visit_path(self, path);
    }

    /// `pub(in crate::room)` names who may see an item: it imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // Links of documentation import nothing either.
        if !attribute.path().is_ident("doc") {
            match &attribute.meta {
                Meta::List(list) => self.attribute_tokens(list.tokens.clone()),
                meta => visit::visit_meta(self, meta),
            }
        }
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        if invocation.path.is_ident("include") {
            let line = invocation.bang_token.spans[0].start().line;
            self.content.unfollowed.push((line, "include!"));
        }
        self.visit_path(&invocation.path);
        self.tokens(invocation.tokens.clone());
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether attributes keep their item out of every build but that of the unit tests.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<Meta>()
                .is_ok_and(|meta| needs_test(&meta))
    })
}

fn needs_test(meta: &Meta) -> bool {
    let Meta::List(list) = meta else {
        return meta.path().is_ident("test");
    };
    let nested = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let nested = nested.unwrap_or_default();
    if list.path.is_ident("all") {
        nested.iter().any(needs_test)
    } else {
        list.path.is_ident("any") && !nested.is_empty() && nested.iter().all(needs_test)
    }
}
