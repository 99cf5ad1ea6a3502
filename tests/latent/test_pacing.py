"""When functions are called that many events ask for."""

import asyncio

from dcgan_course.latent.pacing import History, Later


def test_without_a_loop_each_request_is_answered_at_once():
    calls = []
    later = Later(lambda: calls.append(1), 60)
    later.ask()
    later.ask()
    assert len(calls) == 2


def test_many_requests_are_one_call_and_go_on_while_requests_come_in():
    calls = []

    async def drag(pause):
        later = Later(lambda: calls.append(1), 0.03, pause=pause)
        for _ in range(25):
            later.ask()
            await asyncio.sleep(0.005)
        during = len(calls)
        await asyncio.sleep(0.06)
        return during

    assert 2 <= asyncio.run(drag(pause=False)) < 10
    calls.clear()
    assert asyncio.run(drag(pause=True)) == 0
    assert len(calls) == 1


def test_a_function_that_fails_is_asked_again():
    async def twice():
        later = Later(lambda: 1 / 0, 0.001)
        asyncio.get_running_loop().set_exception_handler(lambda *_: failed.append(1))
        for _ in range(2):
            later.ask()
            await asyncio.sleep(0.01)

    failed = []
    asyncio.run(twice())
    assert len(failed) == 2


def test_a_drag_is_one_change_and_old_states_are_forgotten():
    history = History(limit=3)
    for state in range(4):
        history.remember(state, "slider")
    assert (history.back(), history.back()) == (0, None)
    for state in range(9):
        history.remember(state, f"slider {state}")
    assert [history.back() for _ in range(4)] == [8, 7, 6, None]
