//! When a memory was said can be set later: what follows from that time follows the new one, in memory, from what is
//! stored, and on devices that did something else with the memory meanwhile.

#[path = "support/devices.rs"]
mod devices;

use edgemem::log::Version;
use serde_json::{Value, json};

use devices::Device;

/// The id of what is said at a time.
fn say(device: &Device, text: &str, at: &str) -> Value {
    let added = device.call("add", json!([text, { "userId": "ann", "timestamp": at }]));
    added["results"][0]["id"].clone()
}

/// What the memories of a list say.
fn texts(results: &Value) -> Vec<&str> {
    let results = results["results"].as_array().unwrap();
    results.iter().map(|it| it["memory"].as_str().or(it["text"].as_str()).unwrap()).collect()
}

fn of_ann(more: Value) -> Value {
    let mut options = json!({ "userId": "ann" });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

/// Checks a device as it is, opened again, and opened from a segment.
fn always(device: &mut Device, check: impl Fn(&Device)) {
    check(device);
    device.reopen();
    check(device);
    device.call("compact", json!([]));
    check(device);
    device.reopen();
    check(device);
}

#[test]
fn what_holds_and_what_is_found_follows_the_time() {
    let mut device = Device::new(1, 0);
    let lisbon = say(&device, "I live in Lisbon", "2024-01-01");
    let porto = say(&device, "I live in Porto", "2024-06-01");
    let before = device.call("get", json!([porto]));
    assert_eq!(texts(&device.call("getAll", json!([of_ann(json!({}))]))), ["I live in Porto"]);
    device.wait(1000);
    device.call("update", json!([lisbon, { "timestamp": "2025-03-04T05:06:07Z" }]));
    always(&mut device, |device| {
        let all = |more: Value| device.call("getAll", json!([of_ann(more)]));
        assert_eq!(texts(&all(json!({}))), ["I live in Lisbon"]);
        assert_eq!(texts(&all(json!({ "validAt": "2024-03-01", "includeSuperseded": false }))), [""; 0]);
        assert_eq!(texts(&all(json!({ "validAt": "2024-08-01" }))), ["I live in Porto"]);
        assert_eq!(
            texts(&all(json!({ "knownAt": "2026-01-01T00:00:00Z" }))),
            ["I live in Porto"],
            "what was known"
        );
        let filtered = |bound: &str| {
            let filters = json!({ "created_at": { bound: "2025-01-01" } });
            device.call("getAll", json!([of_ann(json!({ "filters": filters, "includeSuperseded": true }))]))
        };
        assert_eq!(texts(&filtered("gte")), ["I live in Lisbon"]);
        assert_eq!(texts(&filtered("lt")), ["I live in Porto"]);
        let item = device.call("get", json!([lisbon]));
        for name in ["createdAt", "validFrom"] {
            assert_eq!(item[name], "2025-03-04T05:06:07.000Z", "{name}");
        }
        assert_eq!(item["updatedAt"], "2026-01-01T00:00:01.000Z");
        assert_eq!(item["supersedes"], json!([porto]));
        let other = device.call("get", json!([porto]));
        assert_eq!(other["validTo"], item["validFrom"]);
        assert_eq!(other["createdAt"], before["createdAt"]);
        let line = device.call("timeline", json!([of_ann(json!({ "from": "2025-03-01" }))]));
        assert!(line.to_string().contains("2025-03-04T05:06:07.000Z"), "{line}");
        let options = of_ann(json!({ "includeSuperseded": true, "limit": 1 }));
        let found = device.call("search", json!(["what did I say on 4 March 2025?", options]));
        assert_eq!(texts(&found), ["I live in Lisbon"]);
        let history = device.call("history", json!([lisbon]));
        let actions: Vec<_> = history.as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
        assert_eq!(actions, ["UPDATE", "ADD"]);
        assert_eq!(history[0]["previous_value"], history[0]["new_value"]);
    });
}

#[test]
fn days_that_the_words_name_are_counted_from_then() {
    let mut device = Device::new(1, 0);
    let id = say(&device, "I moved to Berlin yesterday.", "2024-03-10T12:00:00Z");
    let of = |device: &Device| device.call("get", json!([id]));
    assert_eq!(of(&device)["validFrom"], "2024-03-09T00:00:00.000Z");
    device.call("update", json!([id, { "timestamp": "2020-05-06" }]));
    always(&mut device, |device| {
        assert_eq!(of(device)["validFrom"], "2020-05-05T00:00:00.000Z", "{}", of(device));
        assert_eq!(of(device)["facts"][0]["object"], "Berlin");
        assert!(!of(device).to_string().contains("2024-03"), "{}", of(device));
    });
    // What a change brings is so since the change; if it is told when that was said, since then.
    device.call("update", json!([id, "I moved to Rome."]));
    assert_eq!(of(&device)["validFrom"], "2026-01-01T00:00:00.000Z");
    device.call("update", json!([id, { "timestamp": "2021-07-08" }]));
    assert_eq!(of(&device)["validFrom"], "2021-07-08T00:00:00.000Z");
    device.call("update", json!([id, { "text": "I moved to Oslo.", "timestamp": "2022-09-10" }]));
    always(&mut device, |device| {
        let item = of(device);
        assert_eq!(
            (&item["memory"], &item["facts"][0]["object"]),
            (&json!("I moved to Oslo."), &json!("Oslo"))
        );
        assert_eq!(item["validFrom"], "2022-09-10T00:00:00.000Z");
        assert_eq!(item["createdAt"], item["validFrom"]);
    });
}

#[test]
fn a_time_that_was_far_off_is_set_right() {
    let device = Device::new(1, 0);
    let id = say(&device, "I moved to Berlin yesterday.", "2024-03-10T12:00:00Z");
    for far in ["0050-01-01", "4147-05-06", "9990-12-31"] {
        for (timestamp, from) in [(far, None), ("2022-01-10", Some("2022-01-09T00:00:00.000Z"))] {
            device.call("update", json!([id, { "timestamp": timestamp }]));
            let item = device.call("get", json!([id]));
            assert!(from.is_none_or(|from| item["validFrom"] == from), "by way of {far}: {item}");
        }
    }
}

/// One device sets the time, another one the text; whichever is later, both count, and no fact is of words that are no
/// longer there.
#[test]
fn two_devices_change_one_memory() {
    for ahead in [-5000, 0, 5000] {
        let [mut phone, laptop] = [Device::new(1, 0), Device::new(2, ahead)];
        let id = say(&phone, "I moved to Berlin yesterday.", "2024-03-10");
        laptop.merge(&phone.changes(Version::new()));
        phone.call("update", json!([id, { "timestamp": "2020-05-06" }]));
        laptop.call("update", json!([id, "I moved to Rome."]));
        let (ours, theirs) = (phone.changes(Version::new()), laptop.changes(Version::new()));
        laptop.merge(&ours);
        phone.merge(&theirs);
        let ids = [id.as_str().unwrap().to_owned()];
        always(&mut phone, |phone| {
            let item = phone.call("get", json!([id]));
            assert_eq!(item["memory"], "I moved to Rome.", "{ahead}");
            assert_eq!(item["createdAt"], "2020-05-06T00:00:00.000Z", "{ahead}");
            assert_eq!(item["facts"][0]["object"], "Rome", "{ahead}: {item}");
            assert_eq!(phone.state("ann", &ids), laptop.state("ann", &ids), "{ahead}");
        });
    }
    // Of two times the later one's counts, with what the words mean then.
    let [phone, laptop] = [Device::new(1, 0), Device::new(2, 5000)];
    let id = say(&phone, "I moved to Berlin yesterday.", "2024-03-10");
    laptop.merge(&phone.changes(Version::new()));
    phone.call("update", json!([id, { "timestamp": "2020-05-06" }]));
    laptop.call("update", json!([id, { "timestamp": "2024-03-10T20:00:00Z" }]));
    phone.merge(&laptop.changes(Version::new()));
    let item = phone.call("get", json!([id]));
    assert_eq!(item["createdAt"], "2024-03-10T20:00:00.000Z");
    assert_eq!(item["validFrom"], "2024-03-09T00:00:00.000Z");
}

#[test]
fn what_is_said_in_between_begins_a_conversation() {
    let mut device = Device::new(1, 0);
    say(&device, "The kettle is broken", "2024-01-01T10:00:00Z");
    let id = say(&device, "The toaster is new", "2024-01-01T10:05:00Z");
    device.call("update", json!([id, { "timestamp": "2020-01-01T10:00:00Z" }]));
    for (at, sequence) in [("2022-01-01", 0), ("2022-01-01T00:10:00Z", 1), ("2024-01-01T10:10:00Z", 2)] {
        let next = say(&device, &format!("The oven says {at}"), at);
        assert_eq!(device.call("get", json!([next]))["sequence"], sequence, "{at}");
        device.call("compact", json!([]));
        device.reopen();
    }
    assert_eq!(device.call("get", json!([id]))["sequence"], 1, "it stays where it was said");
}

#[test]
fn bad_times_change_nothing() {
    let device = Device::new(1, 0);
    let id = say(&device, "I like tea", "2024-01-01");
    let other = say(&device, "I like jazz", "2024-01-01");
    let before = device.state("ann", &[]);
    for wrong in
        [json!("soon"), json!(1e300), json!({}), json!("10000-01-01"), json!("0000-01-01"), json!(true)]
    {
        let error = device.try_call("update", json!([id, { "text": "x", "timestamp": wrong }])).unwrap_err();
        assert_eq!((error.code(), error.field_name()), ("TIMESTAMP_INVALID", Some("timestamp")), "{wrong}");
        let batch = json!([[{ "id": other, "text": "x" }, { "id": id, "timestamp": wrong }], {}]);
        let error = device.try_call("changeAll", batch).unwrap_err();
        let place = Some("memories[1].timestamp");
        assert_eq!((error.code(), error.field_name()), ("TIMESTAMP_INVALID", place), "{wrong}");
    }
    let error = device.try_call("update", json!([id, { "timestamp": null }])).unwrap_err();
    assert_eq!(error.code(), "UPDATE_EMPTY");
    assert_eq!(device.state("ann", &[]), before);
    let batch =
        json!([[{ "id": other, "timestamp": 1_577_836_800 }, { "id": id, "timestamp": "2020-01-02" }], {}]);
    device.call("changeAll", batch);
    let at = |id: &Value| device.call("get", json!([id]))["createdAt"].clone();
    assert_eq!((at(&other), at(&id)), (json!("2020-01-01T00:00:00.000Z"), json!("2020-01-02T00:00:00.000Z")));
}
