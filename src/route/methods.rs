//! HTTP methods, as sets of them.

/// The methods that API Gateway's `ANY` stands for.
const KNOWN: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// One method of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Method(u16);

/// Some methods.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Methods(u16);

impl Method {
    /// A WebSocket's `$connect`, which has no path.
    pub const CONNECT: Self = Self(1 << 7);
    /// What API Gateway does not know.
    const OTHER: Self = Self(1 << 8);

    /// The method of this name, as an ARN has it.
    pub fn of(name: &str) -> Self {
        if name == "$connect" {
            return Self::CONNECT;
        }
        Self::known(name).unwrap_or(Self::OTHER)
    }

    fn known(name: &str) -> Option<Self> {
        let place = KNOWN.iter().position(|known| *known == name)?;
        Some(Self(1 << place))
    }
}

impl Methods {
    /// None.
    pub const NONE: Self = Self(0);
    /// GET, HEAD and OPTIONS.
    pub const READING: Self = Self(0b111);
    /// GET and HEAD.
    pub const GET: Self = Self(0b11);
    /// POST, PUT, PATCH and DELETE.
    pub const WRITING: Self = Self(0b111_1000);
    /// All that API Gateway knows.
    pub const KNOWN: Self = Self(0b111_1111);
    /// The same, and `$connect`.
    pub const KNOWN_AND_CONNECT: Self = Self(0b1111_1111);
    /// All, whoever knows them.
    pub const ANY: Self = Self(0b1_0111_1111);
    /// `$connect` alone.
    pub const CONNECT: Self = Self(Method::CONNECT.0);

    /// The method of this name alone; `None` for what API Gateway does not know.
    pub fn only(name: &str) -> Option<Self> {
        Method::known(name).map(|method| Self(method.0))
    }

    /// Methods as the sets list them: names separated by spaces, or `*`. `GET` stands for HEAD and
    /// OPTIONS too.
    pub(super) fn listed(names: &str) -> Self {
        let each = names.split(' ').map(|name| match name {
            "*" => Self::ANY,
            "GET" => Self::READING,
            name => Self::only(name).unwrap_or(Self(0)),
        });
        Self(each.fold(0, |all, one| all | one.0))
    }

    /// The methods of these names, separated by spaces, and no others.
    pub(super) fn named(names: &str) -> Self {
        let each = names.split(' ').filter_map(Self::only);
        Self(each.fold(0, |all, one| all | one.0))
    }

    /// Those that are in one of the two.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a method is one of them.
    pub const fn contain(self, method: Method) -> bool {
        self.0 & method.0 != 0
    }

    /// Whether some method is in both.
    pub const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are in both; `None` where that is none.
    pub const fn common(self, other: Self) -> Option<Self> {
        match self.0 & other.0 {
            0 => None,
            both => Some(Self(both)),
        }
    }

    /// Whether all of the others are among them.
    pub const fn cover(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those of them that API Gateway knows, by name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        KNOWN
            .into_iter()
            .enumerate()
            .filter(move |(place, _)| self.0 & (1 << place) != 0)
            .map(|(_, name)| name)
    }
}
