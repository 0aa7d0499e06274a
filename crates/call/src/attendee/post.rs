//! What this client posts, and when it is its turn.

use tangelo_e2ee::{
    RoomContext,
    group::{Bundle, Group, Work},
    media::{Change, Media},
};
use tangelo_wire::{GroupId, Millis, Mistake, Post, Seq, limits, made};

use super::{Attendee, Deed, ENTER_POST, Lost, talk::Posted};
use crate::{
    content::{Content, Envelope},
    fork_alarm,
};

/// Who waits founds within this time, in milliseconds.
pub(super) const FOUND_JITTER_MS: u64 = 300;

/// A commit or founding whose place in the log is not known yet. It is kept until the log shows which entry came after
/// its parent, and sent again, byte for byte, after a resume: the acknowledgement may have been lost, not the post.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) post: u32,
    pub(super) body: Post,
    /// Whether the commit has a path.
    pub(super) renews_path: bool,
}

impl Attendee {
    /// What this client should post now, if it is its turn. Call after entries and timeouts, until there is nothing.
    pub(crate) fn next_post(
        &mut self,
        now: Millis,
        context: &RoomContext,
    ) -> Result<Option<(u32, Post)>, Lost> {
        if self.gate.lets(Deed::Enter)
            && let Some((commit, due)) = &mut self.entering
            && due.is_some_and(|due| due <= now)
        {
            *due = None;
            return Ok(Some((ENTER_POST, Post::Enter { commit: *commit })));
        }
        if let Some(post) = self.next_statement(now, context) {
            return Ok(Some(post));
        }
        if let Some(post) = self.next_message(now)? {
            return Ok(Some(post));
        }
        self.note_work(now);
        if self.in_flight.is_some() || self.due().is_none_or(|due| due > now) {
            return Ok(None);
        }
        let (own, parent) = (self.client(), self.parent_of_post());
        let (body, renews_path) = if self.group.is_none() {
            let group_id = GroupId::derive(self.room.log_id(), parent, own);
            (Post::Found { parent, group_id }, false)
        } else {
            let rekey = self.has_entered() && self.gate.lets(Deed::Rekey) && self.rekey.is_due(now);
            let Some((bundle, renews_path)) = self.build(context, rekey)? else { return Ok(None) };
            let Bundle { adds, commit, welcome } = bundle;
            (Post::Commit { parent, adds, commit, welcome }, renews_path)
        };
        let post = self.count_post();
        self.in_flight = Some(InFlight { post, body: body.clone(), renews_path });
        Ok(Some((post, body)))
    }

    /// The state that a post builds on is another thing: skipped entries count here.
    fn parent_of_post(&self) -> Seq {
        match &self.group {
            Some(group) if made(Mistake::ParentIsLastApplied) => group.began(),
            _ => self.parent,
        }
    }

    /// [`Mistake::MergedAtOnce`]: takes a commit that is being posted for accepted.
    pub(crate) fn merge_at_once(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        body: &Post,
    ) -> Result<(), Lost> {
        let (Some(group), Post::Commit { adds, .. }) = (&mut self.group, body) else { return Ok(()) };
        let removed = group.merge_at_once(context)?;
        Ok(media.install(now, group, Change { adds: !adds.is_empty(), removes: !removed.is_empty() })?)
    }

    /// [`Mistake::PostThrownAway`] and [`Mistake::StaleMeansLost`]: what may have a place in the log is forgotten.
    pub(crate) fn throw_post_away(&mut self) -> Result<(), Lost> {
        self.in_flight = None;
        Ok(self.group.as_mut().map_or(Ok(()), Group::discard_commit)?)
    }

    /// When [`Attendee::next_post`] may have something.
    pub(super) fn post_due(&self) -> Option<Millis> {
        let enter = self.entering.and_then(|(_, due)| due).filter(|_| self.gate.lets(Deed::Enter));
        let post = if self.in_flight.is_some() { None } else { self.due() };
        let message = self.talk.due().filter(|_| self.may_speak());
        [enter, post, message, self.hosting.post_due()].into_iter().flatten().min()
    }

    /// How often this client tells its state, in milliseconds, with jitter.
    pub(super) fn period_ms(&mut self) -> u64 {
        let most_ms = fork_alarm::period_ms(self.size());
        most_ms - self.jitter.below(most_ms / 5)
    }

    fn next_message(&mut self, now: Millis) -> Result<Option<(u32, Post)>, Lost> {
        while let Some(message) = self.emoji.poll_message() {
            self.talk.say(Content::Emoji { message });
        }
        let notices_ms = self.pace_notices(now);
        if !self.may_speak() || self.talk.due().is_none_or(|due| due > now) {
            return Ok(None);
        }
        let again_ms = self.period_ms();
        let (Some(saying), Some(view)) = (self.talk.next(now, again_ms, notices_ms), self.alarm.view())
        else {
            return Ok(None);
        };
        let post = self.count_post();
        let Some(group) = &mut self.group else { return Ok(None) };
        let envelope = Envelope::new(view, saying.content.clone());
        let bytes = group.seal_message(&envelope.to_bytes())?;
        let epoch = group.epoch();
        self.talk.posted(Posted { post, epoch, sealed_at: now, bytes: bytes.clone(), saying });
        Ok(Some((post, Post::Message { bytes })))
    }

    /// Makes a commit that does the work there is, and whether it has a path. If one cannot be made, finds out whose
    /// key package is at fault and goes on without.
    fn build(&mut self, context: &RoomContext, rekey: bool) -> Result<Option<(Bundle, bool)>, Lost> {
        let work = self.work();
        let Some(group) = &mut self.group else { return Ok(None) };
        let presence = &self.presence;
        if let Ok(bundle) = group.commit(context, presence, &work.adds, &work.removes, rekey) {
            return Ok(Some((bundle, rekey || !work.removes.is_empty())));
        }
        for client in &work.adds {
            if group.commit(context, presence, &[*client], &[], false).is_err() {
                self.unaddable.insert(*client);
            }
        }
        let work = self.work();
        let Some(group) = &mut self.group else { return Ok(None) };
        if work.is_empty() && !rekey {
            group.discard_commit()?;
            return Ok(None);
        }
        match group.commit(context, &self.presence, &work.adds, &work.removes, rekey) {
            Ok(bundle) => Ok(Some((bundle, rekey || !work.removes.is_empty()))),
            Err(_) => Err(Lost::ArriveAnew("this client cannot commit any more")),
        }
    }

    /// What this client could commit now.
    fn work(&self) -> Work {
        let group = self.group.as_ref();
        let mut work = group.map(|group| group.work(&self.presence)).unwrap_or_default();
        work.adds.retain(|client| !self.unaddable.contains(client) && !self.holds_back(*client));
        work.adds.truncate(self.adds_max);
        work
    }

    fn note_work(&mut self, now: Millis) {
        if self.work().is_empty() {
            self.work_since = None;
        } else if self.work_since.is_none() {
            self.work_since = Some((now, self.jitter.below(u64::MAX)));
        }
        let alive = self.presence.present().iter().any(|client| self.presence.has_entered(*client));
        self.dead_since = if alive { None } else { Some(self.dead_since.unwrap_or(now)) };
    }

    /// When it is this client's turn to commit or to found, if there is something to do.
    fn due(&self) -> Option<Millis> {
        let due = match &self.group {
            None if !self.gate.lets(Deed::Found) || !self.may_found() => return None,
            None => self.found_due(),
            Some(group) => {
                let work_since = self.work_since.filter(|_| self.gate.lets(Deed::Commit));
                let turn = work_since.and_then(|work| self.turn(group, work));
                let rekey = self.rekey.due().filter(|_| self.may_rekey(group));
                turn.into_iter().chain(rekey).min()?
            }
        };
        Some(due.max(self.not_before))
    }

    /// When it is this client's turn to do work that came up at a time, with the jitter of that turn.
    pub(super) fn turn(&self, group: &Group, (since, jitter_ms): (Millis, u64)) -> Option<Millis> {
        let entered = group.entered(&self.presence);
        Some(since + self.turns.delay_ms(&entered, self.client(), jitter_ms)?)
    }

    fn may_rekey(&self, group: &Group) -> bool {
        let first = || self.turns.order(&group.entered(&self.presence)).first() == Some(&self.client());
        self.has_entered() && self.gate.lets(Deed::Rekey) && (!made(Mistake::NoTakeover) || first())
    }

    /// Whom the host keeps outside founds nothing: the others would find themselves in its group. Nor does who waited when the server
    /// forgot the lock.
    fn may_found(&self) -> bool {
        self.presence.may_be_added(self.client()).is_ok() && !self.holds_back(self.client())
    }

    fn may_speak(&self) -> bool {
        self.has_entered() && self.gate.lets(Deed::Speak)
    }

    fn found_due(&self) -> Millis {
        let alone = self.presence.present().len() == 1;
        let jitter_ms = if alone { 0 } else { self.found_jitter_ms };
        let due = self.dead_since.unwrap_or(self.waiting_since + limits::FOUND_ANEW_MS);
        due + jitter_ms
    }
}
