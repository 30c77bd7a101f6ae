//! From the Worker's environment to settings, a store and a memory.

use std::rc::Rc;

use edgemem::bindings::objects;
use edgemem::host::LocalFuture;
use edgemem::host::js::JsHost;
use edgemem::host::js_error::from_js;
use edgemem::model::tokens_from_js;
use edgemem::store::{ByteStore, D1Store, KvStore};
use edgemem::{Error, ErrorKind, Memory, Models};
use wasm_bindgen::JsValue;
use worker::Env;
use worker::js_sys::{Function, JSON, Object, Reflect};

use edgemem_service::problem::Problem;
use edgemem_service::service::Service;
use edgemem_service::settings::{Settings, StoreKind};
use edgemem_service::tenant::{OneTenant, Tenants};

/// The variable that says how many bytes may be loaded, and what is the default, of the 128 MB that an isolate has.
const BUDGET: &str = "EDGEMEM_MEMORY_BUDGET";
const DEFAULT_BUDGET: u64 = 40 << 20;

/// Sets the service up. Bindings are no I/O objects of the request that they come with: they and the memory
/// over them serve all requests of the isolate. `tokens` is the function that loads the token table, `reach` the one
/// that makes a store of the binding of a class of objects.
pub fn service(env: &Env, tokens: &JsValue, reach: &Function) -> Service {
    let settings = Settings::read(|name| env.var(name).ok().map(|text| text.to_string()));
    let memory =
        settings.clone().and_then(|settings| root(env, &settings, tokens, reach).map_err(Problem::from));
    let tenants: Rc<dyn Tenants> = match (&settings, &memory) {
        (Ok(settings), Ok(root)) => {
            let (env, settings, root) = (env.clone(), settings.clone(), root.clone());
            Rc::new(Places { env, settings, root, tokens: tokens.clone(), reach: reach.clone() })
        }
        // Then nobody gets as far as to a tenant.
        _ => Rc::new(OneTenant),
    };
    Service::new(settings, memory, Rc::new(JsHost), tenants)
}

/// The places of tenants within the bindings: objects, tables and keys of KV have names of their own for each.
struct Places {
    env: Env,
    settings: Settings,
    root: Memory,
    tokens: JsValue,
    reach: Function,
}

impl Tenants for Places {
    fn open<'a>(&'a self, name: &'a str) -> LocalFuture<'a, edgemem::Result<Memory>> {
        Box::pin(async move {
            let Places { env, settings, root, tokens, reach } = self;
            let own = match settings.tenant.as_str() {
                "" => name.to_owned(),
                tenant => format!("{tenant}.{name}"),
            };
            let store: Rc<dyn ByteStore> = match settings.store {
                // An owner that is spread over several objects is one of the default tenant.
                StoreKind::DurableObject => {
                    return routed(
                        env,
                        &Settings { tenant: own, shards: String::new(), ..settings.clone() },
                        reach,
                    );
                }
                StoreKind::D1 => {
                    Rc::new(D1Store::with_prefix(binding(env, "DB", "d1_databases")?, &format!("{name}_"))?)
                }
                _ => {
                    let binding = binding(env, "KV", "kv_namespaces")?;
                    Rc::new(KvStore::with_options(binding, &format!("{name}/"), KvStore::STALE_AFTER)?)
                }
            };
            Ok(root.beside(store, Models { tokens: tokens_from_js(tokens), ..Models::default() }))
        })
    }
}

/// The memory of the default tenant.
fn root(env: &Env, settings: &Settings, tokens: &JsValue, reach: &Function) -> edgemem::Result<Memory> {
    if !tokens.is_function() {
        let message =
            "the function that loads the token table is missing: build shim.js and the core together";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).field("tokens"));
    }
    let store: Rc<dyn ByteStore> = match settings.store {
        StoreKind::DurableObject => return routed(env, settings, reach),
        StoreKind::D1 => Rc::new(D1Store::new(binding(env, "DB", "d1_databases")?)?),
        StoreKind::Kv => Rc::new(KvStore::new(binding(env, "KV", "kv_namespaces")?)?),
        other => {
            let message = format!("a Worker has no store {}: it is durable-object, d1 or kv", other.name());
            return Err(Error::new(ErrorKind::ConfigInvalid, message).field("EDGEMEM_STORE"));
        }
    };
    let models = Models { tokens: tokens_from_js(tokens), ..Models::default() };
    let memory = Memory::with_models(store, Rc::new(JsHost), models);
    memory.keep_loaded(budget(env)?);
    Ok(memory)
}

/// How many bytes may be loaded: with objects the objects read the same variable.
fn budget(env: &Env) -> edgemem::Result<u64> {
    let Ok(text) = env.var(BUDGET).map(|text| text.to_string()) else { return Ok(DEFAULT_BUDGET) };
    text.parse().map_err(|_| {
        let message = format!("the variable {BUDGET} must be a number of bytes");
        Error::new(ErrorKind::ConfigInvalid, message).field(BUDGET)
    })
}

/// A memory whose owners live in objects. What models are asked is configured where they are asked, in the objects.
fn routed(env: &Env, settings: &Settings, reach: &Function) -> edgemem::Result<Memory> {
    let invalid = |name: &'static str| {
        move |thrown: JsValue| {
            let message = format!("the Worker's variable or binding {name} cannot be used");
            from_js(&thrown, ErrorKind::ConfigInvalid, &message).field(name)
        }
    };
    let config = Object::new();
    let set = |name: &str, value: &JsValue| {
        Reflect::set(&config, &name.into(), value).map(drop).map_err(invalid("EDGEMEM"))
    };
    set("namespace", &binding(env, "EDGEMEM", "durable_objects.bindings")?)?;
    if !settings.tenant.is_empty() {
        set("tenant", &settings.tenant.as_str().into())?;
    }
    if !settings.shards.is_empty() {
        set("shards", &JSON::parse(&settings.shards).map_err(invalid("EDGEMEM_SHARDS"))?)?;
    }
    let store = reach.call2(&JsValue::UNDEFINED, &config, &"EDGEMEM".into()).map_err(invalid("EDGEMEM"))?;
    objects::routed(&store, Models::default()).map_err(|error| {
        let of_tenant = error.field_name() == Some("store.config.tenant");
        error.field(if of_tenant { "EDGEMEM_TENANT" } else { "EDGEMEM_SHARDS" })
    })
}

/// A binding as JavaScript sees it. (The wrappers of workers-rs look at the name of its class, which a
/// wrapped binding of a test does not have; the stores look at its methods.)
fn binding(env: &Env, name: &str, section: &str) -> edgemem::Result<JsValue> {
    let binding = Reflect::get(env, &name.into()).unwrap_or(JsValue::UNDEFINED);
    if binding.is_object() {
        return Ok(binding);
    }
    let message = format!("the binding {name} is missing: declare it under [[{section}]] in wrangler.toml");
    Err(Error::new(ErrorKind::ConfigInvalid, message).field(name))
}
