"""The symbol table: text to small integer and back."""

import mmap

import pytest

from synthcore._core.symbols import SymbolTable

BABYDOGE = "1000000BABYDOGEUSDT"
LONGEST = "A" * 24


def table_of(*texts: str) -> SymbolTable:
    table = SymbolTable()
    for text in texts:
        table.add(text)
    return table


def test_ids_count_up_in_the_order_of_adding() -> None:
    table = SymbolTable()

    ids = [table.add(text) for text in ("BTCUSDT", BABYDOGE, LONGEST, "BTCUSDT", "X")]

    assert ids == [0, 1, 2, 0, 3]
    assert len(table) == 4


def test_every_text_is_found_and_given_back() -> None:
    texts = ["BTCUSDT", BABYDOGE, LONGEST, "B", "BTCUSD", "BTCUSDT-26DEC25", "kPEPE/USDT:x".replace(":", "_")]
    table = table_of(*texts)

    assert [table.text(table.id(text)) for text in texts] == texts
    assert table.unknown == 0


@pytest.mark.parametrize(
    "text", ["", "BTC", "BTCUSDTX", "btcusdt", LONGEST + "A", "BTCUSDT\0", "币安人生USDT"]
)
def test_unknown_is_minus_one_and_counted(text: str) -> None:
    table = table_of("BTCUSDT", LONGEST)

    assert table.id(text) == -1
    assert table.unknown == 1


def test_find_and_in_dont_count() -> None:
    table = table_of("BTCUSDT")

    assert (table.find("BTCUSDT"), table.find("ETHUSDT"), "BTCUSDT" in table, 7 in table) == (
        0,
        -1,
        True,
        False,
    )
    assert table.unknown == 0


@pytest.mark.parametrize(
    "text", ["", "A" * 25, "BTC USDT", 'BTC"USDT', "BTC\\USDT", "BTC\0", "BTCUSDT\n", "币USDT"]
)
def test_text_that_cant_be_a_symbol_is_refused(text: str) -> None:
    table = SymbolTable()

    with pytest.raises(ValueError, match=r"^a symbol must be 1 to 24 of A-Z a-z 0-9 \. _ / -, was "):
        table.add(text)
    assert len(table) == 0


def test_full_table_refuses_the_next_and_keeps_the_rest() -> None:
    table = SymbolTable(capacity=2)
    table.add("A")
    table.add("B")

    with pytest.raises(ValueError, match="holds 2 symbols and is full, no room for 'C'"):
        table.add("C")
    assert [table.id(text) for text in "ABC"] == [0, 1, -1]


@pytest.mark.parametrize("symbol_id", [-1, 2, 30_000])
def test_id_that_nobody_has_is_refused(symbol_id: int) -> None:
    table = table_of("A", "B")

    with pytest.raises(IndexError, match=f"a symbol id must be 0 to 1 here, was {symbol_id}"):
        table.text(symbol_id)


@pytest.mark.parametrize("capacity", [0, -1, 32_768])
def test_capacity_out_of_range_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match=f"capacity must be 1 to 32767, was {capacity}"):
        SymbolTable(capacity)


def test_thousands_of_symbols_keep_their_ids() -> None:
    texts = [f"{n}COIN{n * 7919 % 1000}USDT" for n in range(5000)]
    table = SymbolTable(capacity=5000)

    ids = [table.add(text) for text in texts]

    assert ids == list(range(5000))
    assert [table.id(text) for text in texts] == ids


def test_two_tables_on_one_buffer_are_one_table() -> None:
    memory = mmap.mmap(-1, SymbolTable.size_for(100))
    writer = SymbolTable(100, memory)
    reader = SymbolTable(100, memory)

    writer.add("BTCUSDT")

    assert (reader.id("BTCUSDT"), reader.text(0), len(reader)) == (0, "BTCUSDT", 1)
    with pytest.raises(ValueError, match="holds a table for 100 symbols, capacity was 50"):
        SymbolTable(50, memory)
