//! A look at everything that lies in a journal's directory: what `describe`, `verify` and `backup` tell each in their way.

use std::sync::Arc;

use carbex_vocabulary::Sequence;

use crate::answers::CutTail;
use crate::chain::Chain;
use crate::names::SegmentFile;
use crate::segment::{BegunSegments, SegmentWalk, Step, begun_segments};
use crate::storage::Storage;
use crate::tail::Tail;
use crate::{Epoch, GroupHash, JournalFault, Progress, SegmentDescription};

/// How many groups are read between two reports of progress.
const GROUPS_A_REPORT: u64 = 256;

/// Everything that was read.
#[derive(Debug)]
pub(crate) struct Survey {
    /// Oldest first. One with damage is described up to the damage.
    pub segments: Vec<(SegmentFile, SegmentDescription)>,
    /// The damage in each damaged segment, in order.
    pub damage: Vec<JournalFault>,
    /// Where the chain ends, if all is whole.
    pub chain: Chain,
    pub torn: Option<CutTail>,
    /// The states of the chain that were asked for and that it passed through.
    pub passed: Vec<(Sequence, GroupHash)>,
}

/// What to read, and what to look for.
pub(crate) struct Surveyor<'a> {
    pub storage: Arc<dyn Storage>,
    /// Stop behind the group that holds this record.
    pub durable: Option<Sequence>,
    /// States of the chain to look for: snapshots'.
    pub wanted: Vec<(Sequence, GroupHash)>,
    pub progress: &'a mut dyn FnMut(Progress),
}

impl Surveyor<'_> {
    /// Reads and verifies all segments, archive included. Damage does not end it: later segments are read from their headers.
    pub fn survey(&mut self) -> Result<Survey, JournalFault> {
        let storage = Arc::clone(&self.storage);
        let BegunSegments { begun: found, unbegun } = begun_segments(&*storage)?;
        let mut survey =
            Survey { segments: Vec::new(), damage: Vec::new(), chain: Chain::START, torn: None, passed: Vec::new() };
        let mut progress =
            Progress { bytes_total: found.iter().map(|segment| segment.bytes).sum(), ..Progress::default() };
        // None behind damage: the next segment cannot be compared with anything.
        let mut chain: Option<Chain> = None;
        for (index, segment) in found.iter().enumerate() {
            if self.durable.is_some_and(|durable| index > 0 && survey.chain.next > durable.number()) {
                break;
            }
            let done = progress.bytes_done;
            let last = index + 1 == found.len();
            match self.survey_segment(segment, last, chain.take(), &mut survey, &mut progress) {
                Ok(()) => chain = Some(survey.chain),
                Err(fault) => survey.damage.push(fault),
            }
            progress.bytes_done = done + segment.bytes;
            (self.progress)(progress);
        }
        if let Some((segment, bytes)) = unbegun {
            survey.torn.get_or_insert_with(|| CutTail::of_unbegun(&*storage, &segment, bytes));
        }
        Ok(survey)
    }

    fn survey_segment(
        &mut self,
        segment: &SegmentFile,
        last: bool,
        before: Option<Chain>,
        survey: &mut Survey,
        progress: &mut Progress,
    ) -> Result<(), JournalFault> {
        let storage = Arc::clone(&self.storage);
        let mut walk = SegmentWalk::open(&*storage, segment.clone())?;
        let mut chain = Chain::at_segment(&walk.header);
        let mut description = SegmentDescription {
            file: storage.path(&walk.segment.file()),
            archived: walk.segment.archived,
            version: walk.header.version.get(),
            epoch: Epoch::new(chain.epoch),
            first: Sequence::new(chain.next),
            last: None,
            groups: 0,
            records: 0,
            used_bytes: walk.at,
            file_bytes: segment.bytes,
            damage: None,
        };
        let linked = before.map_or(Ok(()), |before| check_continues(&*storage, &walk, &before));
        let end =
            linked.and_then(|()| self.survey_groups(&mut walk, &mut chain, last, survey, &mut description, progress));
        description.used_bytes = walk.at;
        description.last = (description.records > 0).then(|| Sequence::new(chain.next - 1));
        description.damage = end.as_ref().err().map(ToString::to_string);
        survey.segments.push((walk.segment.clone(), description));
        survey.chain = chain;
        if let Tail::Torn { bytes, reason } = end? {
            let file = storage.path(&walk.segment.file());
            survey.torn = Some(CutTail { file, offset: walk.at, bytes: bytes as u64, reason });
        }
        Ok(())
    }

    fn survey_groups(
        &mut self,
        walk: &mut SegmentWalk,
        chain: &mut Chain,
        last: bool,
        survey: &mut Survey,
        description: &mut SegmentDescription,
        progress: &mut Progress,
    ) -> Result<Tail, JournalFault> {
        let storage = Arc::clone(&self.storage);
        let start = progress.bytes_done;
        loop {
            self.note_passed(chain, survey);
            if self.durable.is_some_and(|durable| chain.next > durable.number()) {
                return Ok(Tail::Clean);
            }
            match walk.step(&*storage, chain, last)? {
                Step::Group { header, .. } => {
                    description.groups += 1;
                    description.records += u64::from(header.record_count.get());
                }
                Step::End(tail) => return Ok(tail),
            }
            if description.groups.is_multiple_of(GROUPS_A_REPORT) {
                *progress = Progress { bytes_done: start + walk.at, sequence: chain.next - 1, ..*progress };
                (self.progress)(*progress);
            }
        }
    }

    fn note_passed(&self, chain: &Chain, survey: &mut Survey) {
        let here = (Sequence::new(chain.next - 1), chain.hash);
        if self.wanted.contains(&here) && !survey.passed.contains(&here) {
            survey.passed.push(here);
        }
    }
}

/// Whether the segment begins where the chain stands.
pub(crate) fn check_continues(storage: &dyn Storage, walk: &SegmentWalk, chain: &Chain) -> Result<(), JournalFault> {
    let begins = Chain::at_segment(&walk.header);
    if begins == *chain {
        return Ok(());
    }
    let reason = format!(
        "the segment continues record {} of epoch {} with hash {}, but the one before it ends before record {} in epoch {} with hash {}: \
         a segment is missing or was replaced",
        begins.next, begins.epoch, begins.hash, chain.next, chain.epoch, chain.hash
    );
    Err(JournalFault::Corruption { file: storage.path(&walk.segment.file()), offset: 0, reason })
}
