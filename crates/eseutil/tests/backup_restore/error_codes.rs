//! `error`: codes in all their forms, through the binary.

use crate::stage::eseutil;

#[test]
fn t146_codes_are_translated_in_every_form() {
    for given in [
        "0xc8000212",
        "3355443730",
        "-530",
        "0xFFFFFDEE",
        "4294966766",
        "-939523566",
        "JET_errBadLogSignature",
    ] {
        let said = eseutil(["error", given]).succeeded();
        assert!(said.text.starts_with("-530 JET_errBadLogSignature: "), "{given}: {}", said.text);
        assert!(said.text.contains("0xC8000212  3355443730") && said.text.contains("0xFFFFFDEE  4294966766"));
    }
    let said = eseutil(["error", "578", "-610", "--json"]).succeeded();
    let codes = &said.json()["result"]["codes"];
    assert_eq!(
        (&codes[0]["name"], &codes[0]["backup_library"]["hex"]),
        (&"JET_wrnTargetInstanceRunning".into(), &"0x88000242".into())
    );
    assert_eq!(codes[1]["code"], -610);
}

#[test]
fn t146_what_is_no_jet_code_is_said_to_be_none_and_the_others_are_translated() {
    let said = eseutil(["error", "0xC7FF1004", "-530", "nonsense"]);
    assert_eq!(said.status, 1);
    assert!(said.text.contains("0xC7FF1004: not a JET code"), "{}", said.text);
    assert!(said.text.contains("-530 JET_errBadLogSignature"), "{}", said.text);
    assert!(said.text.contains("nonsense: neither a number nor the name"), "{}", said.text);
    assert_eq!(eseutil(["error"]).status, 2);
}
