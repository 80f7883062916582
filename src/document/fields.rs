//! Fields of a document that are read in groups.
//!
//! serde's `flatten` neither refuses unknown fields nor keeps the path of an error. So an object is
//! split by the names of the fields that each group has, and each group is read by itself.

use serde::Deserialize;
#[cfg(not(feature = "schema"))]
use serde::de::DeserializeOwned;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::Named;
use super::object::Object;
use super::problem::Report;

/// A struct of fields that serde reads, each of which may be left out.
#[cfg(feature = "schema")]
pub(crate) trait Group: serde::de::DeserializeOwned + schemars::JsonSchema {}
#[cfg(feature = "schema")]
impl<T: serde::de::DeserializeOwned + schemars::JsonSchema> Group for T {}

/// A struct of fields that serde reads, each of which may be left out.
#[cfg(not(feature = "schema"))]
pub(crate) trait Group: DeserializeOwned {}
#[cfg(not(feature = "schema"))]
impl<T: DeserializeOwned> Group for T {}

/// One group of fields, or several that make up a document.
pub(crate) trait Fields: Sized {
    /// Adds the names of its fields.
    fn names(names: &mut Vec<&'static str>);

    /// Takes its fields out of an object. What is wrong goes to the report.
    fn read(object: &mut Object, report: &mut Report<'_>) -> Option<Self>;

    /// Adds the schema of each group.
    #[cfg(feature = "schema")]
    fn schemas(generator: &mut schemars::SchemaGenerator, schemas: &mut Vec<schemars::Schema>);
}

impl<T: Group> Fields for T {
    fn names(names: &mut Vec<&'static str>) {
        names.extend(field_names::<T>());
    }

    fn read(object: &mut Object, report: &mut Report<'_>) -> Option<Self> {
        object.take(report)
    }

    #[cfg(feature = "schema")]
    fn schemas(generator: &mut schemars::SchemaGenerator, schemas: &mut Vec<schemars::Schema>) {
        schemas.push(T::json_schema(generator));
    }
}

/// A document whose other fields depend on the value of one, such as a provider's on `kind`.
pub(crate) trait ByTag: Sized {
    /// The values of the field that decides.
    type Tag: Named;
    /// Its name.
    const TAG: &'static str;

    /// Adds the names of the fields that go with a value.
    fn names(tag: Self::Tag, names: &mut Vec<&'static str>);

    /// Takes these fields out of an object. What is wrong goes to the report.
    fn read(tag: Self::Tag, object: &mut Object, report: &mut Report<'_>) -> Option<Self>;
}

/// The names of a struct's fields, as serde's derived code tells them to a deserializer.
pub(crate) fn field_names<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It ends with an error in any case: there is nothing to read.
    drop(T::deserialize(FieldNames(&mut names)));
    names
}

/// Keeps the names of a struct's fields, and reads nothing.
struct FieldNames<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("nothing to read"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A document that is made of groups of fields. The first group is its own, and describes it.
macro_rules! grouped {
    (
        $(#[$about:meta])*
        $vis:vis struct $document:ident { $($(#[$doc:meta])* $field:ident: $group:ty,)+ }
    ) => {
        $(#[$about])*
        $vis struct $document { $($(#[$doc])* $field: $group,)+ }

        impl $crate::document::Fields for $document {
            fn names(names: &mut Vec<&'static str>) {
                $(<$group as $crate::document::Fields>::names(names);)+
            }

            fn read(
                object: &mut $crate::document::Object,
                report: &mut $crate::document::problem::Report<'_>,
            ) -> Option<Self> {
                // All of them before the first `?`, so that all problems are reported.
                $(let $field = <$group as $crate::document::Fields>::read(object, report);)+
                Some(Self { $($field: $field?,)+ })
            }

            #[cfg(feature = "schema")]
            fn schemas(
                generator: &mut schemars::SchemaGenerator,
                schemas: &mut Vec<schemars::Schema>,
            ) {
                $(<$group as $crate::document::Fields>::schemas(generator, schemas);)+
            }
        }
    };
}

/// An enum of documents, one for each value of a tag.
///
/// It begins with the tag and what the schema says of it, the fields that go with any value, and the
/// name of the schema, which also ends those of the variants' schemas.
macro_rules! by_tag {
    (
        $(#[doc = $about:literal])+
        $(#[allow($($lint:tt)+)])?
        $vis:vis enum $documents:ident {
            tag $field:literal: $tag:ident, $tag_about:literal;
            beside $shared:ty;
            schema $schema:literal;
            $($(#[$doc:meta])* $variant:ident($document:ty),)+
        }
    ) => {
        $(#[doc = $about])+
        $(#[allow($($lint)+)])?
        $vis enum $documents { $($(#[$doc])* $variant($document),)+ }

        impl $crate::document::ByTag for $documents {
            type Tag = $tag;
            const TAG: &'static str = $field;

            fn names(tag: $tag, names: &mut Vec<&'static str>) {
                match tag {
                    $($tag::$variant => <$document as $crate::document::Fields>::names(names),)+
                }
            }

            fn read(
                tag: $tag,
                object: &mut $crate::document::Object,
                report: &mut $crate::document::problem::Report<'_>,
            ) -> Option<Self> {
                Some(match tag {
                    $($tag::$variant => Self::$variant(
                        <$document as $crate::document::Fields>::read(object, report)?,
                    ),)+
                })
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $documents {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let choices = [$({
                    let mut groups = Vec::new();
                    <$document as $crate::document::Fields>::schemas(generator, &mut groups);
                    <$shared as $crate::document::Fields>::schemas(generator, &mut groups);
                    let name = concat!(stringify!($variant), $schema);
                    let tag = $crate::document::TagSchema {
                        field: $field,
                        value: $tag::$variant.as_str(),
                        about: $tag_about,
                    };
                    $crate::document::choice(generator, name, &tag, &groups)
                }),+];
                let about = concat!($($about),+);
                schemars::json_schema!({"description": about.trim(), "oneOf": choices})
            }
        }
    };
}

pub(crate) use {by_tag, grouped};
