//! [`Memory::owners`]: who has memories here. Only a service asks for that, so only its builds and objects have it.

use super::Memory;
use crate::engine::Owner;
use crate::error::Result;

impl Memory {
    /// Every id that memories carry, of all partitions, each once for every partition that it is in; in no order. All
    /// partitions are loaded for it.
    pub async fn owners(&self) -> Result<Vec<Owner>> {
        let partitions = self.partitions()?;
        let mut owners = Vec::new();
        for name in partitions.names("").await? {
            let partition = partitions.get(&name).await?;
            owners.extend(partition.engine().owners(partitions.now())?);
            partitions.release(partition);
        }
        Ok(owners)
    }
}
