//! Crisis resources for tests.

use kith_kernel::ports::{CrisisResource, CrisisResourceLookup};

/// Crisis resources of two entries: [`Self::LOCAL`] for any locale, and always [`Self::WORLDWIDE`].
#[derive(Debug, Clone, Copy, Default)]
pub struct StubCrisisResources;

impl StubCrisisResources {
    pub const LOCAL: CrisisResource = CrisisResource {
        name: "Local Helpline",
        phone: Some("116 123"),
        text: None,
        url: None,
        description: "Free support, day and night",
    };
    pub const WORLDWIDE: CrisisResource = CrisisResource {
        name: "Worldwide Helpline",
        phone: None,
        text: None,
        url: Some("https://findahelpline.com"),
        description: "Finds a helpline",
    };
}

impl CrisisResourceLookup for StubCrisisResources {
    fn find(&self, locale: Option<&str>) -> Vec<CrisisResource> {
        locale.map(|_| Self::LOCAL).into_iter().chain([Self::WORLDWIDE]).collect()
    }
}
