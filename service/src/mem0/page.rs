//! Pages: which part of a list is wanted, and the addresses of the parts before and after it.

use edgemem::Result;
use serde_json::{Map, Value};

use super::wrong;
use crate::http::Head;

/// As many are on a page unless it is said.
const USUAL: u64 = 100;
/// … and at most.
const MOST: u64 = 200;

/// A page that is wanted.
pub struct Page {
    /// Counted from 1.
    number: u64,
    /// How many are on each.
    size: u64,
}

impl Page {
    /// Reads `page` and `page_size`. `INVALID_ARGUMENT` for anything but whole numbers from 1; a larger size than the
    /// largest is that.
    pub fn read(options: &Map<String, Value>) -> Result<Page> {
        let number = |name: &str, usual: u64| match options.get(name) {
            None | Some(Value::Null) => Ok(usual),
            Some(value) => value
                .as_u64()
                .filter(|number| (1..=1 << 40).contains(number))
                .ok_or_else(|| wrong(name, &format!("{name} must be a whole number from 1"))),
        };
        Ok(Page { number: number("page", 1)?, size: number("page_size", USUAL)?.min(MOST) })
    }

    /// How many there are before it.
    pub fn offset(&self) -> u64 {
        (self.number - 1) * self.size
    }

    /// How many are on it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// These results as a page of so many in all.
    pub fn answer(&self, head: &Head, results: Vec<Value>, count: u64) -> Value {
        let previous = (self.number > 1).then(|| address(head, self.number - 1));
        let next = (self.offset() + self.size < count).then(|| address(head, self.number + 1));
        object!({ "count": count, "next": next, "previous": previous, "results": results })
    }

    /// The part of a list that is on it.
    pub fn part<'a, T>(&self, list: &'a [T]) -> &'a [T] {
        let from = list.len().min(self.offset() as usize);
        &list[from..list.len().min(from + self.size as usize)]
    }
}

/// The address of another page: that of the request with another number.
fn address(head: &Head, number: u64) -> String {
    let kept = head.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let mut query: Vec<&str> = kept.collect();
    let page = format!("page={number}");
    query.push(&page);
    format!("{}{}?{}", head.origin, head.path, query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_lead_to_the_neighbours_and_keep_what_else_was_asked() {
        let head = Head::new("GET", "https://h:1/v1/memories/?user_id=a%20b&page=2&page_size=3", vec![]);
        let options = json!({ "page": 2, "page_size": 3 });
        let page = Page::read(options.as_object().unwrap()).unwrap();
        assert_eq!((page.offset(), page.size()), (3, 3));
        let answer = page.answer(&head, vec![], 7);
        assert_eq!(answer["next"], "https://h:1/v1/memories/?user_id=a%20b&page_size=3&page=3");
        assert_eq!(answer["previous"], "https://h:1/v1/memories/?user_id=a%20b&page_size=3&page=1");
        assert_eq!(page.answer(&head, vec![], 6)["next"], Value::Null);
        assert_eq!(page.part(&[0, 1, 2, 3, 4]), [3, 4]);
        assert_eq!(page.part(&[0, 1]), [0; 0]);
    }

    #[test]
    fn only_whole_numbers_from_1_are_pages() {
        for (options, expected) in [
            (json!({}), Some((0, 100))),
            (json!({ "page_size": 5000 }), Some((0, 200))),
            (json!({ "page": 0 }), None),
            (json!({ "page": -1 }), None),
            (json!({ "page": 1.5 }), None),
            (json!({ "page": "2" }), None),
            (json!({ "page": 1e300 }), None),
            (json!({ "page_size": 0 }), None),
        ] {
            let page = Page::read(options.as_object().unwrap()).ok();
            assert_eq!(page.map(|page| (page.offset(), page.size())), expected, "{options}");
        }
    }
}
