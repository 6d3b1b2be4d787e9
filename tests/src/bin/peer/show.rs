//! Results as the text of an answer.

use cache_memoize::Stats;

pub(crate) type Answer = Result<String, String>;

pub(crate) trait Show {
    fn show(self) -> Answer;
}

impl Show for () {
    fn show(self) -> Answer {
        Ok("done".to_owned())
    }
}

impl Show for bool {
    fn show(self) -> Answer {
        Ok(self.to_string())
    }
}

impl Show for String {
    fn show(self) -> Answer {
        Ok(self)
    }
}

impl Show for Stats {
    fn show(self) -> Answer {
        Ok(self.to_string())
    }
}

impl<T: Show> Show for Option<T> {
    fn show(self) -> Answer {
        self.map_or_else(|| Ok("none".to_owned()), Show::show)
    }
}

impl<T: Show, E: ToString> Show for Result<T, E> {
    fn show(self) -> Answer {
        self.map_err(|error| error.to_string().replace('\n', " "))?.show()
    }
}
