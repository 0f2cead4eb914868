"""The demo reads the tables that people have, or says in one line what to do."""

import re

import demo
import numpy as np
import pandas as pd
import pytest
from _table import read_table

VALUES = pd.DataFrame(
    {"rain": np.arange(40) % 7 + 0.5, "temp": np.sin(np.arange(40) / 3).round(3) + 9}
)
DAYS = pd.date_range("2023-01-01", periods=40, freq="D", name="date")
HOURS = pd.date_range("2023-03-25 20:00", periods=40, freq="h", name="date")
MONTHS = pd.date_range("2020-01-01", periods=40, freq="MS", name="date")
PARIS = "Europe/Paris"


def dated(index):
    return VALUES.set_index(index)


def written(index, form):
    """The table with dates in some form, as text that reads nothing into them."""
    return VALUES.set_index(index.strftime(form).rename("date")).to_csv()


def joined(*parts):
    return "\n".join(parts) + "\n"


@pytest.fixture
def read(tmp_path):
    """Read a table of some text or bytes."""

    def read(content, target="temp"):
        path = tmp_path / "table.csv"
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        table, found = read_table(path, target)
        assert found in table.columns
        return table

    return read


def assert_reads(table, index):
    """The values are there, and nothing else, at these times."""
    pd.testing.assert_frame_equal(table.reset_index(drop=True), VALUES)
    assert (table.index == index).all()
    assert table.index.name == index.name


LATIN = written(DAYS, "%Y-%m-%d").replace("date", "année")
GERMAN = dated(DAYS.strftime("%d.%m.%Y").rename("date")).to_csv(sep=";", decimal=",")
PLAIN = written(DAYS, "%Y-%m-%d")
DAILY = {
    "plain": PLAIN,
    "decimal commas": GERMAN,
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "spaces after commas": PLAIN.replace(",", ", "),
    "quoted": dated(DAYS.strftime("%Y-%m-%d").rename("date")).to_csv(quoting=1),
    "Windows": PLAIN.replace("\n", "\r\n").encode(),
    "an old Mac": PLAIN.replace("\n", "\r"),
    "UTF-8 with a mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "integers": written(DAYS, "%Y%m%d"),
    "day first": written(DAYS, "%d/%m/%Y"),
    "month first": written(DAYS, "%m/%d/%Y"),
    "two digits of the year": written(DAYS, "%m/%d/%y"),
    "names of months": written(DAYS, "%d-%b-%Y"),
    "latest first": dated(DAYS)[::-1].to_csv(),
    "shuffled": dated(DAYS).sample(frac=1, random_state=0).to_csv(),
    "a year, a month and a day": VALUES.assign(
        Year=DAYS.year, Month=DAYS.month, Day=DAYS.day
    ).to_csv(index=False),
    "row numbers": dated(DAYS).reset_index().to_csv(),
    "row numbers with a name, and a date last": VALUES.assign(
        No=range(1, 41), tens=range(400, 0, -10), date=DAYS
    ).to_csv(index=False),
    "numbers of rows that were dropped": dated(DAYS)
    .reset_index()
    .set_index(np.arange(40) ** 2)
    .to_csv(),
    "text beside": dated(DAYS).assign(sky="clear", note="May").to_csv(),
    "long numbers, truths and nothing beside": dated(DAYS)
    .assign(id="9" * 30, wet=True, none="")
    .to_csv()
    .replace("none", ""),
    "a day when it was written": dated(DAYS).assign(saved="2024-05-05").to_csv(),
    "separators at all ends": PLAIN.replace("\n", ",\n"),
    "empty rows at the end": PLAIN + ",,\n,,\n\n",
    "seconds since 1970": VALUES.set_index(
        pd.Index(DAYS.as_unit("s").asi8, name="date")
    ).to_csv(),
}


@pytest.mark.parametrize("content", DAILY.values(), ids=DAILY.keys())
def test_days_are_read(read, content):
    assert_reads(read(content), DAYS)


HOURLY = {
    "24-hour clock": written(HOURS, "%d.%m.%Y %H:%M"),
    "two digits of the year": written(HOURS, "%d/%m/%y %H:%M"),
    "12-hour clock": written(HOURS, "%m/%d/%Y %I:%M %p"),
    "no time at midnight": written(HOURS, "%Y-%m-%d %H:%M").replace(" 00:00", ""),
    "integers": written(HOURS, "%Y%m%d%H"),
    "a column of dates and one of times": VALUES.assign(
        Date=HOURS.strftime("%d/%m/%Y"), Time=HOURS.strftime("%H:%M:%S")
    ).to_csv(index=False),
}


@pytest.mark.parametrize("content", HOURLY.values(), ids=HOURLY.keys())
def test_hours_are_read(read, content):
    table = read(content)
    assert_reads(table.rename_axis("date"), HOURS)


@pytest.mark.parametrize(
    "form", ["%Y-%m", "%b %Y", "%B %Y", "%Y%m", "%YM%m", "%m/%Y", "%d/%m/%Y"]
)
def test_months_are_read(read, form):
    assert_reads(read(written(MONTHS, form)), MONTHS)


def test_quarters_are_read(read):
    quarters = pd.period_range("2010Q1", periods=40, freq="Q", name="date")
    for content in (
        dated(quarters).to_csv(),
        dated(quarters.strftime("%Y-Q%q")).to_csv(),
    ):
        assert_reads(read(content), quarters.to_timestamp())


@pytest.mark.parametrize("start", ["2023-03-25 20:00", "2023-10-28 20:00"])
def test_hours_across_a_change_of_clocks_are_read_in_utc(read, start):
    hours = pd.date_range(start, periods=40, freq="h", tz=PARIS, name="date")
    assert_reads(read(dated(hours).to_csv()), hours.tz_convert("UTC"))


def test_days_across_a_change_of_clocks_are_days(read):
    days = pd.date_range("2023-03-01", periods=40, freq="D", tz=PARIS, name="date")
    assert_reads(read(dated(days).to_csv()), days.tz_localize(None))


def test_names_may_hold_letters_with_accents(read):
    for encoding in ("latin-1", "utf-8", "utf-16"):
        table = read(LATIN.encode(encoding))
        assert table.index.name == "année"
        assert_reads(table.rename_axis("date"), DAYS)


def test_tabs_may_stand_between_decimal_commas(read, capsys):
    content = PLAIN.replace(",", "\t").replace(".", ",").encode("utf-16")
    assert_reads(read(content), DAYS)
    assert "Commas are read as decimal signs" in capsys.readouterr().out


def test_one_column_of_numbers_is_a_table(read):
    table = read(VALUES["temp"].to_csv(index=False))
    pd.testing.assert_frame_equal(table, VALUES[["temp"]])


def test_rows_are_counted_where_no_column_holds_dates(read, capsys):
    table = read(VALUES.assign(sky="clear", open="10:00").to_csv())
    pd.testing.assert_frame_equal(table, VALUES)
    said = capsys.readouterr().out
    assert "rows are counted instead" in said
    assert "count rows: Unnamed: 0, sky, open." in said


def test_names_that_repeat_are_told_apart(read):
    table = read(PLAIN.replace("rain", "temp", 1))
    assert list(table.columns) == ["temp", "temp.1"]


def test_target_that_counts_is_forecast_if_it_is_asked_for(read):
    table = read(VALUES.assign(level=range(40)).to_csv(index=False), "level")
    assert list(table["level"]) == list(range(40))


def test_last_numbers_are_the_target_by_default(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(dated(DAYS).assign(row=range(40), sky="clear").to_csv())
    assert read_table(path)[1] == "temp"


def replaced(row, column, value):
    table = dated(DAYS).astype(object)
    table.iloc[row, table.columns.get_loc(column)] = value
    return table.to_csv()


REFUSED = {
    "nothing": ("", "is empty: give a table"),
    "a header alone": ("date,temp\n", "has 0 rows .* give a longer table"),
    "few rows": (dated(DAYS)[:9].to_csv(), "has 9 rows .* at least 20"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x01", "is not text .* save it as CSV"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), "is not text .* UTF-8"),
    "half a sign of UTF-16": (PLAIN.encode("utf-16")[:-1], "is not text"),
    "a title above": ("Weather\n" + PLAIN, "remove lines above"),
    "lines of other lengths": (
        PLAIN + "a,b,c,d,e\n",
        "saw 5.* as many values.* remove any other",
    ),
    "no names": (PLAIN.split("\n", 1)[1], "holds values .* put a line with"),
    "too few names": (PLAIN.replace(",temp", "", 1), "name every column"),
    "no numbers": (
        joined("date,sky", *(f"{day:%Y-%m-%d},clear" for day in DAYS)),
        "'temp'.* columns of numbers: none",
    ),
    "no such column": (PLAIN.replace("temp", "Temp"), "no column 'temp'.*: rain, Temp"),
    "text for a target": (
        replaced(7, "temp", "n/a?"),
        "'temp'.*'n/a\\?'.* mend .*: rain",
    ),
    "thousands": (
        replaced(7, "temp", "1,234.5"),
        "holds '1,234.5', which is no number",
    ),
    "an empty target": (replaced(slice(None), "temp", "-"), "holds '-', which is no"),
    "a missing value": (replaced(7, "rain", ""), "'rain'.* misses .* 2023-01-08: fill"),
    "infinity": (replaced(7, "temp", "inf"), "'temp'.* holds inf at 2023-01-08: fill"),
    "a hole": (
        dated(DAYS).drop(DAYS[7]).to_csv(),
        "2023-01-07 is followed by 2023-01-09, not by 2023-01-08: add",
    ),
    "a hole in weekdays": (
        dated(DAYS)[DAYS.dayofweek < 5].drop(DAYS[12]).to_csv(),
        "2023-01-12 is followed by 2023-01-16, not by 2023-01-13: add",
    ),
    "a hole in months": (
        dated(MONTHS).drop(MONTHS[7]).to_csv(),
        "2020-07-01 is followed by 2020-09-01, not by 2020-08-01: add",
    ),
    "a hole in ends of months": (
        dated(MONTHS + pd.offsets.MonthEnd(0)).drop("2020-08-31").to_csv(),
        "2020-07-31 is followed by 2020-09-30, not by 2020-08-31: add",
    ),
    "the middles of months": (
        dated(MONTHS + pd.Timedelta(days=14)).to_csv(),
        "2020-01-15 is no first or last day of a month: write that day",
    ),
    "a date twice": (
        PLAIN.replace("01-08", "01-07"),
        "2023-01-07 comes more than once",
    ),
    "several series": (
        pd.concat([dated(DAYS), dated(DAYS)]).assign(city="Ulm").to_csv(),
        "more than once: keep one row of each time",
    ),
    "no date among dates": (
        PLAIN.replace("2023-01-08", "unknown"),
        "'date'.* holds 'unknown' among dates .row 7, from 0.: mend it",
    ),
    "a missing date": (PLAIN.replace("2023-01-08", ""), "holds nan among dates"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals_are_one_line_that_says_what_to_do(read, content, reason):
    with pytest.raises(SystemExit, match=reason) as refusal:
        read(content)
    assert "\n" not in str(refusal.value)


def test_file_that_is_not_there_is_refused(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(SystemExit, match=r"Can't read .*: give the path"):
            read_table(path)


def run(table, tmp_path, capsys, **options):
    """Run the demo on a table; return what it prints."""
    path, picture = tmp_path / "table.csv", tmp_path / "picture.png"
    table.to_csv(path)
    target = table.columns[-1]
    demo.main(["--csv", str(path), "--target", target, "--output", str(picture)])
    assert picture.stat().st_size > 10_000
    return capsys.readouterr().out


def noisy_days(n_hours, tz):
    hours = pd.date_range("2023-03-24", periods=n_hours, freq="h", tz=tz, name="time")
    wave = np.sin(np.arange(n_hours) * np.pi / 12)
    noise = 0.1 * np.random.default_rng(0).normal(size=n_hours)
    return pd.DataFrame({"cost in $ per 温度 $_": wave + noise}, index=hours)


def test_demo_forecasts_across_a_change_of_clocks(tmp_path, capsys):
    said = run(noisy_days(120, PARIS), tmp_path, capsys)
    assert "seasonal naive: 24 rows ago" in said
    assert "2023-03-28 23:00:00+00:00" in said  # an hour after the last row, in UTC
    assert "skill against the better naive" in said


def test_demo_finds_what_repeats_without_a_calendar(tmp_path, capsys):
    table = noisy_days(120, None).reset_index(drop=True)
    said = run(table, tmp_path, capsys)
    assert re.search("naive: the value (24|48) rows ago", said)
    assert said.count("\n  120 ") == 1


def test_constant_target_has_no_skill_to_win(tmp_path, capsys):
    table = noisy_days(60, None).assign(level=3.0)
    said = run(table, tmp_path, capsys)
    assert "no skill to be had: a naive forecast makes no error" in said
    assert "seasonal naive: 24 rows ago" in said
    assert said.count(" 3.000\n") == 7
