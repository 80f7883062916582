//! `atlauth token create`.

use std::time::Duration;

use crate::api_tokens::{NewToken, create};
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::username::Username;

use crate::failure::Failure;
use crate::spelled::given;
use crate::ui::Ui;
use crate::{source, times};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  atlauth token create --user alice --name 'nightly export' --expires 90d > token.txt
  atlauth token create --user ci --read-only --product jira --cidr 10.0.0.0/8 > token.txt")]
pub(crate) struct CreateArgs {
    /// The Atlassian user that the token acts as.
    #[arg(long)]
    user: String,
    /// What the token is for, as `atlauth token list` shows it.
    #[arg(long, default_value = "")]
    name: String,
    /// The lifetime of the token, such as 90d or 12h.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = super::lifetime)]
    expires: Duration,
    /// A scope, as access rules name it. The option can be given several times.
    #[arg(long)]
    scope: Vec<String>,
    /// A group, as access rules name it. The option can be given several times.
    #[arg(long)]
    group: Vec<String>,
    /// Restricts the token to routes of the set `@read`.
    #[arg(long)]
    read_only: bool,
    /// A network from which the token may be used. The option can be given several times.
    #[arg(long, value_name = "NETWORK")]
    cidr: Vec<ipnet::IpNet>,
    /// A product of the settings for which the token may be used. The option can be given several
    /// times.
    #[arg(long)]
    product: Vec<String>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: CreateArgs, source: Option<&str>, ui: &Ui) -> Result<(), Failure> {
    let (store, _) = source::open(source).await?;
    let settings = source::load(&store, ui).await?;
    let json = args.json;
    let new = args.checked(&settings)?;
    let (now, bound) = (times::now(), !new.source_cidrs.is_empty());
    let rules = settings.general.api_tokens.as_ref();
    let made = create(&store, rules, new, UnixTime::from_secs(now));
    let created = ui
        .progress("storing the token's hash", made)
        .await
        .map_err(|error| super::failure(&error))?;
    super::show(&created, rules, json, now, ui)?;
    if bound {
        ui.note(
            "It is restricted to networks: the function needs AUTHORIZER_CACHED_BY_SOURCE_IP=true, or the \
             cache off.",
        );
    }
    Ok(())
}

impl CreateArgs {
    /// The token to make, unless the settings would refuse it.
    fn checked(self, settings: &Settings) -> Result<NewToken, Failure> {
        let username = Username::new(self.user).ok_or_else(|| {
            Failure::usage("expected a username of visible characters, at most 255 bytes")
        })?;
        if settings.revoked.contains_user(username.as_str()) {
            return Err(Failure::negative(format!(
                "{} is in `revoked`: the token would be refused",
                username.as_str()
            )));
        }
        let known: Vec<&str> = settings.products.iter().map(Product::id).collect();
        if let Some(unknown) = self
            .product
            .iter()
            .find(|one| !known.contains(&one.as_str()))
        {
            return Err(
                Failure::usage(format!("the settings have no product {}", given(unknown)))
                    .hint(format!("they have {}", known.join(", "))),
            );
        }
        Ok(NewToken {
            username,
            name: self.name,
            lifetime: self.expires,
            scopes: self.scope,
            groups: Some(self.group),
            read_only: self.read_only,
            source_cidrs: self.cidr,
            products: self.product,
        })
    }
}
