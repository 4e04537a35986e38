//! Capture of subjects as evidence.

use kith_kernel::{CircleId, PersonaId, UserId, ports};

use super::ReportIntake;
use crate::{
    Error,
    domain::{ContextItem, EvidenceSnapshot, Subject},
};

/// Current state of a subject, captured as evidence.
pub(super) struct CapturedSubject {
    pub(super) subject: Subject,
    pub(super) affected_account: Option<UserId>,
    pub(super) persona: Option<PersonaId>,
    pub(super) circle: Option<CircleId>,
    pub(super) snapshot: EvidenceSnapshot,
}

impl ReportIntake {
    /// Captures the current state of a subject. With a viewer, only if the viewer can see it.
    pub(super) async fn capture(
        &self,
        subject: Subject,
        viewer: Option<UserId>,
    ) -> Result<Option<CapturedSubject>, Error> {
        match (subject, viewer) {
            (Subject::Post(_) | Subject::Response(_), _) => {
                let Some(content) = subject.content() else { return Ok(None) };
                let found = self.contents.evidence(content, viewer).await?;
                Ok(found.map(|found| captured_content(subject, found)))
            }
            (Subject::Persona(persona), Some(viewer)) => self.capture_persona(persona, viewer).await,
            (Subject::Circle(circle), Some(viewer)) => {
                let Some(summary) = self.circles.summary(viewer, circle).await? else { return Ok(None) };
                let text = [&summary.name, &summary.about, &summary.rules, summary.category.slug()].join("\n\n");
                let affected_account = summary.owner.map(|owner| owner.user);
                let persona = summary.owner.map(|owner| owner.persona);
                Ok(Some(CapturedSubject {
                    subject,
                    affected_account,
                    persona,
                    circle: Some(circle),
                    snapshot: self.snapshot(text),
                }))
            }
            (Subject::Persona(_) | Subject::Circle(_), None) => Ok(None),
        }
    }

    /// Captures a persona. It is visible in public, or in a circle that viewer and owner share.
    async fn capture_persona(&self, persona: PersonaId, viewer: UserId) -> Result<Option<CapturedSubject>, Error> {
        let Some(owner) = self.personas.account_of(persona).await? else { return Ok(None) };
        if self.blocks.hidden_from(viewer).await?.contains(&owner) {
            return Ok(None);
        }
        let Some(appearance) = self.personas.find_many(&[persona]).await?.remove(&persona) else { return Ok(None) };
        let Some(account) = self.accounts.status(owner).await? else { return Ok(None) };
        let circle = if account.persona == persona {
            None
        } else {
            let Some(circle) = self.shared_circle(viewer, owner, persona).await? else { return Ok(None) };
            Some(circle)
        };
        let snapshot = self.snapshot(format!("{} (picture {})", appearance.handle, appearance.avatar));
        let (subject, persona) = (Subject::Persona(persona), Some(persona));
        Ok(Some(CapturedSubject { subject, affected_account: Some(owner), persona, circle, snapshot }))
    }

    /// Returns the circle of the viewer in which the owner appears under this persona.
    async fn shared_circle(
        &self,
        viewer: UserId,
        owner: UserId,
        persona: PersonaId,
    ) -> Result<Option<CircleId>, Error> {
        for circle in self.membership.circles_of(viewer).await? {
            let member = self.membership.find(owner, circle).await?;
            if member.is_some_and(|member| member.persona == persona) {
                return Ok(Some(circle));
            }
        }
        Ok(None)
    }

    fn snapshot(&self, text: String) -> EvidenceSnapshot {
        EvidenceSnapshot { at: self.clock.now(), text, revisions: Vec::new(), context: Vec::new() }
    }
}

fn captured_content(subject: Subject, found: ports::Evidence) -> CapturedSubject {
    let context_item = |it: ports::ContextItem| ContextItem { persona: it.persona, at: it.at, text: it.text };
    CapturedSubject {
        subject,
        affected_account: Some(found.author),
        persona: Some(found.persona),
        circle: found.circle,
        snapshot: EvidenceSnapshot {
            at: found.at,
            text: found.text,
            revisions: found.edits.into_iter().map(|edit| (edit.at, edit.text)).collect(),
            context: found.context.into_iter().map(context_item).collect(),
        },
    }
}
