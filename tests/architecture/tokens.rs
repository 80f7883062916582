//! Paths among the tokens of macros and attributes, which have no grammar of their own.

use proc_macro2::{Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{ExprPath, ItemUse};

use super::paths::Reader;

impl Reader {
    /// Paths among the tokens of a macro. `$crate` is read as `crate`.
    pub(crate) fn tokens(&mut self, tokens: TokenStream) {
        self.read(tokens, false);
    }

    /// Paths among the tokens of an attribute, those in strings included.
    pub(crate) fn attribute_tokens(&mut self, tokens: TokenStream) {
        self.read(tokens, true);
    }

    fn read(&mut self, tokens: TokenStream, with_strings: bool) {
        let trees: Vec<TokenTree> = tokens.into_iter().filter(|t| !is(t, '$')).collect();
        let mut rest = trees.as_slice();
        while let [first, after @ ..] = rest {
            rest = after;
            match first {
                TokenTree::Group(group) => self.read(group.stream(), with_strings),
                TokenTree::Literal(literal) if with_strings => self.literal(literal),
                TokenTree::Ident(ident) if ident == "use" => {
                    if let Some(end) = after.iter().position(|t| is(t, ';')) {
                        let (item, behind) = after.split_at(end);
                        let item = item.iter().cloned().collect::<TokenStream>();
                        if let Ok(item) = syn::parse2::<ItemUse>(quote_use(item)) {
                            self.visit_item_use(&item);
                            rest = behind;
                        }
                    }
                }
                TokenTree::Ident(ident) => {
                    let mut segments = vec![ident.to_string()];
                    while let [a, b, TokenTree::Ident(next), behind @ ..] = rest
                        && is_joint(a)
                        && is(b, ':')
                    {
                        segments.push(next.to_string());
                        rest = behind;
                    }
                    if segments.len() > 1 {
                        self.mention(segments, false, ident.span());
                    }
                }
                TokenTree::Literal(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// A path in a string, as in `#[serde(with = "crate::json")]`.
    fn literal(&mut self, literal: &Literal) {
        let parsed = syn::parse_str::<syn::LitStr>(&literal.to_string());
        let Ok(path) = parsed.and_then(|text| text.parse::<ExprPath>()) else {
            return;
        };
        let segments: Vec<_> = path
            .path
            .segments
            .iter()
            .map(|s| s.ident.to_string())
            .collect();
        if segments.len() > 1 {
            self.mention(segments, false, literal.span());
        }
    }
}

/// The tokens between `use` and `;` as an item.
fn quote_use(tokens: TokenStream) -> TokenStream {
    let word = proc_macro2::Ident::new("use", Span::call_site());
    let end = Punct::new(';', Spacing::Alone);
    let mut item = TokenStream::from(TokenTree::from(word));
    item.extend(tokens);
    item.extend([TokenTree::from(end)]);
    item
}

fn is(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_joint(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}
