//! `template.yaml`: what a deployment of it makes, as far as moto can tell.

mod login;
mod mappings;
mod options;
mod products;
mod public_routes;
mod queries;
mod routes;
mod rules;
mod user_pool;
