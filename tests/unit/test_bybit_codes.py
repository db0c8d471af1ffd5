"""Every code of the reference has a class, and the classes that decide about money are the right ones."""

import pytest

from synthcore.venues.bybit.codes import CODES, ErrorClass, classify

# The codes of the protocol reference's tables (general, trade socket, rate limits), copied by hand.
REFERENCE_CODES = (
    0, -1, 429, 10000, 10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008, 10009, 10010, 10014, 10016,
    10017, 10018, 10019, 10024, 10027, 10028, 10029, 10032, 10403, 10404, 10429, 20001, 20003, 20006, 30035,
    30208, 30209, 30228, 33004, 34040, 40004, 110001, 110003, 110004, 110005, 110006, 110007, 110008, 110009,
    110010, 110011, 110012, 110013, 110014, 110017, 110018, 110019, 110020, 110021, 110022, 110023, 110024,
    110025, 110026, 110027, 110028, 110029, 110032, 110034, 110036, 110038, 110040, 110043, 110044, 110045,
    110057, 110058, 110059, 110060, 110061, 110063, 110064, 110066, 110072, 110073, 110074, 110079, 110085,
    110086, 110089, 110090, 110092, 110093, 110094, 110095, 110096, 110097, 110098, 110099, 110100, 110118,
    110119, 110120, 110121, 110123, 110124, 110125, 130125, 170005, 170007, 170121, 170131, 170136, 170139,
    170140, 170141, 170142, 170146, 170147, 170193, 170194, 170213, 170222, 170810, 181017, 3400045,
)  # fmt: skip


def test_every_code_of_the_reference_is_in_the_table():
    assert [code for code in REFERENCE_CODES if code not in CODES] == []


@pytest.mark.parametrize("code", [110043, 110025, 110026, 110027, 34040, 110010, 20001, 0])
def test_already_so_is_success(code):
    assert classify(code, for_order=True) is ErrorClass.OK


@pytest.mark.parametrize("code", [10000, 10014, 10016, 170007, 170146])
def test_a_server_failure_leaves_an_order_unknown_but_a_query_may_be_asked_again(code):
    assert classify(code, for_order=True) is ErrorClass.UNKNOWN
    assert classify(code, for_order=False) is ErrorClass.BUSY


def test_a_code_outside_the_table_counts_as_unknown():
    assert classify(987654, for_order=True) is ErrorClass.UNKNOWN
    assert classify(987654, for_order=False) is ErrorClass.UNKNOWN


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (10001, ErrorClass.OURS),
        (10002, ErrorClass.AUTH_CLOCK),
        (10003, ErrorClass.AUTH_CLOCK),
        (10004, ErrorClass.AUTH_CLOCK),
        (10006, ErrorClass.BUSY),
        (110001, ErrorClass.FINAL),
        (110007, ErrorClass.ACCOUNT),
        (110017, ErrorClass.ACCOUNT),
        (110072, ErrorClass.UNKNOWN),
    ],
)
def test_the_class_of(code, expected):
    assert classify(code, for_order=True) is expected
