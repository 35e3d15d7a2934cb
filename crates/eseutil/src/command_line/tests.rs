//! The equivalences of spec 10 §11.11, and the refusals that no stored output shows.

use super::*;

fn parsed(line: &str) -> Command {
    let words: Vec<_> = std::iter::once("eseutil").chain(line.split(' ')).map(OsString::from).collect();
    match parse(&words) {
        Ok(invocation) => invocation.command,
        Err((error, _)) => panic!("{line}: {}", error.text()),
    }
}

fn refused(line: &str) -> UsageError {
    let words: Vec<_> = std::iter::once("eseutil").chain(line.split(' ')).map(OsString::from).collect();
    match parse(&words) {
        Ok(invocation) => panic!("{line}: {:?}", invocation.command),
        Err((error, _)) => error,
    }
}

#[test]
fn a_mode_may_be_written_in_every_way_windows_takes_it() {
    let expected = parsed("/mh F");
    for line in ["-MH F", "/m /h F", "/m F /h", "/m F", "-m -H F"] {
        assert_eq!(parsed(line), expected, "{line}");
    }
    assert_eq!(parsed("/kF"), parsed("/k F"));
}

#[test]
fn both_spellings_build_the_same_command() {
    for (classic, long) in [
        ("/mh F", "dump header F"),
        ("/mh F /v", "dump header --both F"),
        ("/mk F", "dump checkpoint F"),
        ("/ml F", "dump log F"),
        ("/ml F /v1", "dump log F --records"),
        ("/ml F /v /s", "dump log F --data --io"),
        ("/ml SRU /r4F-50", "dump log SRU --range=4F-50"),
        ("/ml SRU /cx.csv", "dump log SRU --csv x.csv"),
        ("/mm F /tT /v", "dump meta F --table=T --full"),
        ("/ms F /f#leaked /v /d2 /l /csv", "dump space F --fields=#leaked --all --extents --leaks --csv"),
        ("/ms F /fName,Type /d1", "dump space F --fields Name,Type --trees"),
        ("/mc F /p4:9 /v", "dump pages F --range=4-9"),
        ("/m F /n31:-1", "dump node F --page=31"),
        ("/m F /n31:2", "dump node F --page=31 --line=2"),
        ("/m F /i31:2", "dump node F --page=31 --tag=2"),
        ("/m F /p4 /k7f80 /d01", "dump node F --page=4 --seek=7f80 --data=01"),
        ("/m F /p31 /v", "dump page F --page=31 --full"),
        ("/mn F /a /tT", "dump tree F --deleted --table=T"),
        ("/mp F /p0 /v", "dump flushmap F --page=0 --full"),
        ("/k F", "checksum F"),
        ("/k F /e", "checksum --skip-database F"),
    ] {
        assert_eq!(parsed(classic), parsed(long), "{classic} = {long}");
    }
}

#[test]
fn page_sizes_are_told_by_their_first_digit() {
    for (switch, size) in [
        ("/2", PageSize::K2),
        ("/4", PageSize::K4),
        ("/8", PageSize::K8),
        ("/16", PageSize::K16),
        ("/3", PageSize::K32),
    ] {
        let words = ["eseutil", "/mh", "F", switch].map(OsString::from);
        let Ok(invocation) = parse(&words) else { panic!("{switch} is refused") };
        assert_eq!(invocation.settings.page_size, Some(size), "{switch}");
    }
}

#[test]
fn global_options_go_with_both_spellings_and_end_at_two_dashes() {
    for line in ["/mh F --json", "--json /mh F", "dump header --json F"] {
        let words: Vec<_> = std::iter::once("eseutil").chain(line.split(' ')).map(OsString::from).collect();
        let Ok(invocation) = parse(&words) else { panic!("{line} is refused") };
        assert_eq!(invocation.settings.renderer, Renderer::Json, "{line}");
    }
    assert!(
        matches!(parsed("dump header -- --json"), Command::Dump(dump) if dump.sources == [PathBuf::from("--json")])
    );
}

#[test]
fn a_recovery_is_asked_for_in_both_grammars() {
    let Command::Recover(options) = parsed("/r SRU /l logs /s system /nnew.edb:C:\\old.edb /u80 /v /i")
    else {
        panic!("a recovery");
    };
    assert_eq!((options.base_name.as_str(), options.stop_generation), ("SRU", Some(80)));
    assert_eq!((options.logs.as_deref(), options.system.as_deref()), (Some("logs"), Some("system")));
    let moved = MovedDatabase { new: "new.edb".into(), old: Some("C:\\old.edb".into()) };
    assert_eq!(options.moved, [moved]);
    assert!(options.verbose.is_wanted() && options.ignore_missing.is_wanted());
    assert_eq!(
        parsed("/r SRU /d"),
        Command::Recover(RecoverOptions {
            base_name: "SRU".into(),
            databases: Some(None),
            ..RecoverOptions::default()
        })
    );
    assert_eq!(parsed("recover SRU --databases . --truncate"), parsed("/r SRU /d . /t"));
    assert_eq!(MovedDatabase::parse("C:\\a.edb:D:\\b.edb").old.as_deref(), Some("D:\\b.edb"));
}

#[test]
fn modes_of_later_versions_are_understood_and_named() {
    for line in ["/r SRU /d /k F", "/p F /o", "/y F /dG /i", "/z F /t", "/mh F /vss", "copy F G"] {
        assert!(matches!(parsed(line), Command::Unavailable(_)), "{line}");
    }
}

#[test]
fn both_grammars_of_restores_ask_for_the_same() {
    for (long, classic) in [
        ("restore show D", "/cm D"),
        ("restore show D", "/c /m D/Restore.env"),
        ("restore run D", "/cc D"),
        ("restore run .", "/cc"),
        ("restore run D --folder-alone", "/cc D /t"),
        ("restore run D --instance=first", "/cc D /tfirst"),
        ("restore run D --run-in E --keep-logs", "/cc D /fE /k"),
    ] {
        assert_eq!(parsed(long), parsed(classic), "{long} and {classic}");
    }
    assert_eq!(parsed("error -530"), Command::ErrorCodes(vec!["-530".to_owned()]));
}

#[test]
fn long_forms_name_what_is_wrong() {
    for (line, word) in [
        ("dump", "dump"),
        ("dump header", "no file"),
        ("dump header F --nope", "--nope"),
        ("dump header F --both=1", "--both"),
        ("dump page F", "--page"),
        ("dump page F --page=x", "'x'"),
        ("dump space F --fields=Nope", "Nope"),
        ("dump log F --range=zz", "zz"),
        ("checksum F --pause=-1", "--pause"),
        ("export F --format xml", "xml"),
        ("info F --progress=often", "--progress"),
        ("info F --page-size=5", "'5'"),
    ] {
        let UsageError::Long(sentence) = refused(line) else { panic!("{line}: a classic error") };
        assert!(sentence.contains(word), "{line}: {sentence}");
    }
}

#[test]
fn esentutl_knows_no_long_forms() {
    let words = ["/usr/bin/esentutl", "dump", "header", "F"].map(OsString::from);
    assert!(matches!(parse(&words), Err((UsageError::Classic(_), _))));
    let words = ["/usr/bin/esentutl", "/cm", "F"].map(OsString::from);
    let refused = parse(&words).map_err(|(error, _)| error.text().to_owned());
    assert_eq!(refused.err().as_deref(), Some("Usage Error: Invalid mode."));
}
