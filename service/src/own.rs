//! The routes that only edgemem has, and that mem0's platform knows nothing of.

use edgemem::Result;
use edgemem::host::LocalFuture;
use serde_json::Value;

use crate::mem0::Asked;
use crate::names::renamed;
use crate::relay::{self, Wish};
use crate::route::Want;

/// Does what is wanted, and returns the body of the answer.
pub fn answer(want: Want, asked: Asked<'_>) -> LocalFuture<'_, Result<Value>> {
    match want {
        Want::Reshard => {
            Box::pin(async move { asked.call("reshardStep", &[asked.option("owner").clone()]).await })
        }
        Want::Context | Want::Stats => Box::pin(shown(asked, want == Want::Stats)),
        _ => Box::pin(relayed(want, asked)),
    }
}

/// What a method answers, in the names of REST.
async fn shown(asked: Asked<'_>, counts: bool) -> Result<Value> {
    let query = asked.option("query").clone();
    let told = match counts {
        true => asked.call("stats", &[]).await?,
        false => asked.call("context", &[query, asked.options.clone().into()]).await?,
    };
    Ok(renamed(told))
}

async fn relayed(want: Want, asked: Asked<'_>) -> Result<Value> {
    let wish = match want {
        Want::RelayList => Wish::List,
        Want::RelayAppend => Wish::Append,
        Want::RelayDrop => Wish::Drop,
        _ => Wish::Read(asked.texts.get(1).cloned().unwrap_or_default()),
    };
    let account = asked.texts.first().map_or("", String::as_str);
    asked.desk.may_relay(account, matches!(wish, Wish::Append | Wish::Drop))?;
    relay::serve(&*asked.desk.memory().store(), account, &wish, &asked.options.into()).await
}
