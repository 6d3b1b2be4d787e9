//! The marks of tags.

use super::{Bench, answer};
use crate::ErrorKind;
use crate::backend::{Bucket, Marks};

impl Bench<'_> {
    pub(super) async fn tags(&self) {
        let namespace = &*self.run;
        let first = self.client().marks(namespace, &[], self.call).await;
        if let Err(error) = &first
            && error.kind() == ErrorKind::Setting
        {
            let marked = self.client().mark(namespace, &[1], self.call).await;
            assert!(marked.is_err_and(|error| error.kind() == ErrorKind::Setting), "it keeps no tags");
            return;
        }
        let first = first.expect("the backend answers");
        assert!(first.marks.is_empty(), "none were asked about");
        let unmarked = self.marks(&[0, 7, 65_535]).await;
        assert_eq!(unmarked.epoch, first.epoch, "an epoch stays, as long as nothing is lost");
        assert_eq!(unmarked.marks, [None; 3], "nothing was marked in this epoch");

        self.mark(&[7]).await;
        let once = self.marks(&[0, 7, 65_535]).await;
        let [None, Some(mark), None] = once.marks[..] else { panic!("one bucket was marked: {once:?}") };
        assert_eq!((once.epoch, once.clock), (first.epoch, mark.number), "its number is the clock");
        assert!(mark.number > unmarked.clock, "the clock goes on");
        assert_eq!(self.marks(&[7, 7]).await.marks, [Some(mark); 2], "a look changes nothing");

        self.mark(&[7]).await;
        let [Some(again)] = self.marks(&[7]).await.marks[..] else { panic!("it was marked") };
        assert!(again.number > mark.number && again.token != mark.token, "another mark, and a later one");
        self.mark(&[65_535, 0]).await;
        let all = self.marks(&[65_535, 7, 0]).await;
        let [Some(last), Some(seven), Some(zero)] = all.marks[..] else { panic!("all were marked: {all:?}") };
        assert_eq!(seven, again, "another bucket was not marked");
        assert!(last.number > again.number && zero.number > again.number, "in the order of the question");
        assert_eq!(all.clock, last.number.max(zero.number), "the clock is that of the last mark");

        let many: Vec<Bucket> = (1000..1128).collect();
        self.mark(&many).await;
        let marked = self.marks(&many).await;
        assert!(
            marked.marks.iter().all(|mark| mark.is_some_and(|mark| mark.number > all.clock)),
            "all of them"
        );
        assert_eq!(marked.epoch, first.epoch, "an epoch stays, as long as nothing is lost");
        let other = answer(self.client().marks("another namespace", &[7], self.call)).await;
        assert_eq!(other.marks.len(), 1, "an answer for each");
    }

    async fn marks(&self, buckets: &[Bucket]) -> Marks {
        answer(self.client().marks(&self.run, buckets, self.call)).await
    }

    async fn mark(&self, buckets: &[Bucket]) {
        answer(self.client().mark(&self.run, buckets, self.call)).await;
    }
}
