//! How much is kept and how much may be taken while a report is made; files that belong to nothing.

use super::{COMPANY, DAY_MS, Gate, Limits, World};
use crate::{
    audit::Origin,
    base::{CompanyId, RawId, ReportId},
    blob,
    reports::{Error, Format, State, store},
};

#[tokio::test]
async fn a_workbook_that_would_take_too_much_scratch_fails_at_once() {
    let world = World::with(Gate::open(), Limits { scratch: 100, ..Limits::default() }).await;
    // A report is about what was before it, so the job of the first order is a row of the second.
    let id = world.order(Format::Csv).await;
    world.wait_for(id, State::Ready).await;
    let id = world.order(Format::Xlsx).await;
    let report = world.wait_for(id, State::Failed).await;
    assert!(report.error.unwrap().contains("needs more than 100 bytes"));
    world.assert_files(1).await;
}

#[tokio::test]
async fn a_company_keeps_so_many_bytes_and_no_more() {
    let world = World::with(Gate::open(), Limits { kept: 10, ..Limits::default() }).await;
    // The head has six bytes, a row three.
    let first = world.order(Format::Csv).await;
    assert_eq!(world.wait_for(first, State::Ready).await.file.unwrap().size_bytes, 6);
    let second = world.order(Format::Csv).await;
    let error = world.wait_for(second, State::Failed).await.error.unwrap();
    assert!(error.contains("no room beside the other reports"), "{error}");
    world.assert_files(1).await;

    let reports = world.reports.clone();
    world.db.write(move |tx| reports.delete(tx, (COMPANY, &Origin::machine()), first)).await.unwrap();
    world.clock.advance_ms(1);
    world.reports.sweep().await.unwrap();
    let other = CompanyId::from_raw(RawId { hi: 8, lo: 80 });
    let bytes = world.db.read(move |read| (store::bytes(read, COMPANY), store::bytes(read, other))).await.unwrap();
    assert_eq!((bytes.0.unwrap(), bytes.1.unwrap()), (0, 0), "what is deleted leaves room at once");
    world.assert_files(0).await;
}

#[tokio::test]
async fn a_company_that_keeps_its_most_orders_nothing() {
    let world = World::with(Gate::open(), Limits { kept: 6, ..Limits::default() }).await;
    let first = world.order(Format::Csv).await;
    world.wait_for(first, State::Ready).await;
    assert!(matches!(world.try_order(Format::Csv).await, Err(Error::TooMuch(6))));
    world.advance(DAY_MS + 1_000).await;
    world.reports.sweep().await.unwrap();
    let next = world.try_order(Format::Csv).await.unwrap();
    world.wait_for(next, State::Ready).await;
    world.assert_files(1).await;
}

#[tokio::test]
async fn files_that_belong_to_no_report_are_found_and_removed() {
    let world = World::new(Gate::open()).await;
    let id = world.order(Format::Csv).await;
    world.wait_for(id, State::Ready).await;
    let (mine, other) = (ReportId::from_raw(RawId { hi: 1, lo: 1 }), CompanyId::from_raw(RawId { hi: 8, lo: 80 }));
    let blobs = world.blobs();
    let kept =
        [format!("reports/{other}/{mine}.csv"), format!("reports/{COMPANY}/notes.txt"), "elsewhere/a.csv".to_owned()];
    for path in kept.iter().chain([&format!("reports/{COMPANY}/{mine}.csv"), &format!("reports/{COMPANY}/{id}.pdf")]) {
        std::fs::create_dir_all(blobs.join(path).parent().unwrap()).unwrap();
        std::fs::write(blobs.join(path), "left").unwrap();
    }
    let files = blob::files(&blobs).unwrap();
    let counted = world.db.read(move |read| {
        let mut found = Vec::new();
        let orphans = store::check_files(read, &files, &mut |finding| found.push(finding));
        (orphans, found)
    });
    let (orphans, found) = counted.await.unwrap();
    assert_eq!((orphans.unwrap(), found), (2, Vec::new()));
    assert_eq!(world.reports.sweep_orphans(&world.stop).await.unwrap(), 2);
    assert_eq!(world.reports.sweep_orphans(&world.stop).await.unwrap(), 0);
    for path in &kept {
        assert!(blobs.join(path).is_file(), "{path} is not ours to remove");
    }
    world.assert_files(4).await;

    std::fs::write(blobs.join(format!("reports/{COMPANY}/{id}.csv")), "cut").unwrap();
    let files = blob::files(&blobs).unwrap();
    let told = world.db.read(move |read| {
        let mut found = Vec::new();
        store::check_files(read, &files, &mut |finding| found.push(finding)).map(|_| found)
    });
    assert_eq!(told.await.unwrap().unwrap(), [format!("the file of report {id} has 3 bytes and not 6")]);
}
