"""``%%doctor`` in a real kernel: what it finds, and that it leaves everything as it was."""

import re
import time

import pytest

DATA = """
from sklearn.datasets import load_digits
digits = load_digits()
X = digits.data[:600] / 16
y = digits.target[:600]
Y = np.zeros((len(y), 10))
for i in range(len(y)):
    Y[i, y[i]] = 1
"""
FUNCTIONS = """
def relu(z):
    return np.maximum(0, z)

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def step(parameters, gradients, lr):
    for name in parameters:
        parameters[name] -= lr * gradients[name]
"""
WEIGHTS = """
np.random.seed(1)
parameters = {"W1": np.random.randn(64, 20) * 0.1, "b1": np.zeros(20),
              "W2": np.random.randn(20, 10) * 0.1, "b2": np.zeros(10)}
"""
TRAIN = """
for epoch in range(120):
    Z1 = X @ parameters["W1"] + parameters["b1"]
    A1 = relu(Z1)
    P = softmax(A1 @ parameters["W2"] + parameters["b2"])
    cost = -np.mean(np.sum(Y * np.log(P + 1e-12), axis=1))
    dZ2 = (P - Y) / len(X)
    dZ1 = (dZ2 @ parameters["W2"].T) * (Z1 > 0)
    gradients = {"W2": A1.T @ dZ2, "b2": dZ2.sum(axis=0),
                 "W1": X.T @ dZ1, "b1": dZ1.sum(axis=0)}
    step(parameters, gradients, 0.5)
"""
CLEAN = "The cell was examined, not run: nothing in your notebook has changed."


def examined(kernel, train, *earlier, options=""):
    """The answer of ``%%doctor``, after checking that nothing was changed or left."""
    kernel.run(*earlier, "before = fingerprint()")
    answer = kernel.run(f"%%doctor {options}\n{train.strip()}")
    assert kernel.value("[k for k in fingerprint() if fingerprint()[k] != before.get(k)]") == "[]"
    assert kernel.value("[k for k in before if k not in fingerprint()]") == "[]"
    assert kernel.value("leftovers()") == "([], [])"
    assert not answer.failed, answer.text
    return answer


def found(answer):
    """Severity, code, execution count and line of everything that was found."""
    pattern = r"^(cause|fault|note) (\w\d+):.*\n +--> In \[(\d+)\], line (\d+)"
    return [
        (severity, code, int(cell), int(line))
        for severity, code, cell, line in re.findall(pattern, answer.text, re.MULTILINE)
    ]


def upcoming(kernel):
    """The execution count of the cell that is run next."""
    return int(kernel.value("len(In)"))


def test_a_healthy_cell_is_clean(kernel):
    answer = examined(kernel, TRAIN, DATA, FUNCTIONS, WEIGHTS)
    assert answer.text.startswith("learns: accuracy")
    assert not [f for f in found(answer) if f[0] != "note"], answer.text
    assert CLEAN in answer.text


def test_a_wrong_line_of_the_cell_is_named(kernel):
    kernel.run(DATA, FUNCTIONS, WEIGHTS)
    here = upcoming(kernel) + 1  # after the fingerprint
    answer = examined(kernel, TRAIN.replace("(Z1 > 0)", "(1 - Z1)"))
    assert ("G103", here, 8) in [f[1:] for f in found(answer)], answer.text


def test_a_wrong_line_of_an_earlier_cell_is_named_and_mended_there(kernel):
    kernel.run(DATA)
    here = upcoming(kernel)
    kernel.run(FUNCTIONS.replace("-= lr", "+= lr"), WEIGHTS)
    answer = examined(kernel, TRAIN)
    assert answer.text.startswith("does not learn")
    causes = [f for f in found(answer) if f[0] == "cause"]
    assert causes, answer.text
    assert "it learns" in answer.text
    assert "repaired, to copy" in answer.html
    assert f"In [{here}]" in answer.text


def test_weights_of_an_earlier_cell_are_mended_where_they_are_made(kernel):
    kernel.run(DATA, FUNCTIONS)
    here = upcoming(kernel)
    bad = WEIGHTS.replace("np.random.randn(64, 20) * 0.1", "np.zeros((64, 20))").replace(
        "np.random.randn(20, 10) * 0.1", "np.zeros((20, 10))"
    )
    kernel.run(bad)
    answer = examined(kernel, TRAIN)
    assert answer.text.startswith("does not learn"), answer.text
    assert any(f[1] == "W301" and f[2] == here for f in found(answer)), answer.text
    assert f"In [{here}], repaired" in answer.text


def test_weights_that_draws_without_a_seed_made_are_those_of_the_notebook(kernel):
    weights = WEIGHTS.replace("np.random.seed(1)\n", "")
    kernel.run(DATA, FUNCTIONS, weights)
    first = examined(kernel, "print(parameters['W1'].sum())\n" + TRAIN, options="--no-rerun")
    second = examined(kernel, "print(parameters['W1'].sum())\n" + TRAIN, options="--no-rerun")
    assert first.text.split("\n")[0] == second.text.split("\n")[0]


def test_a_second_look_begins_where_the_weights_were_made(kernel):
    kernel.run(DATA, FUNCTIONS.replace("-= lr", "+= lr"), WEIGHTS)
    kernel.run(TRAIN)  # which made numbers of them that nothing can learn from
    assert float(kernel.value("abs(parameters['W2']).max()")) > 10.0
    answer = examined(kernel, TRAIN)
    assert "it learns" in answer.text, answer.text
    assert "not as this cell left it when it ran before" in answer.text


def test_an_instance_is_rebuilt_from_its_class(kernel):
    kernel.run(
        DATA,
        """
class Layer:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(size=(n_in, n_out)) * 0.1
        self.b = np.zeros(n_out)
        self.row = self.W[0]

class Net:
    def __init__(self, rng):
        self.layers = [Layer(64, 20, rng), Layer(20, 10, rng)]
        self.first = self.layers[0]
    def fit(self, X, Y, epochs, lr):
        a, b = self.layers
        for epoch in range(epochs):
            H = np.tanh(X @ a.W + a.b)
            S = H @ b.W + b.b
            E = np.exp(S - S.max(axis=1, keepdims=True))
            P = E / E.sum(axis=1, keepdims=True)
            d2 = (P - Y) / len(X)
            d1 = (d2 @ b.W.T) * (1 - H)
            b.W -= lr * (H.T @ d2)
            b.b -= lr * d2.sum(axis=0)
            a.W -= lr * (X.T @ d1)
            a.b -= lr * d1.sum(axis=0)
""",
        "net = Net(np.random.default_rng())",
    )
    classes = upcoming(kernel) - 3
    answer = examined(
        kernel,
        "assert net.first is net.layers[0] and net.first.row.base is net.first.W\n"
        "net.fit(X, Y, 100, 0.5)",
    )
    assert ("G103", classes, 20) in [f[1:] for f in found(answer)], answer.text


def test_names_of_one_object_stay_names_of_one(kernel):
    kernel.run(
        "A = np.arange(12.0).reshape(3, 4); V = A[1]; L = [A, V]; M = L; T = A.T",
        "def add():\n    global total\n    total = total + 1",
        "total = 5\nadd()",
    )
    answer = examined(
        kernel,
        "assert M is L and L[0] is A and np.shares_memory(A, V) and np.shares_memory(A, T)\n"
        "V[0] = 100.0\nassert A[1, 0] == 100.0 and L[1][0] == 100.0\n"
        "add()\nassert total == 7",
        options="--budget 10",
    )
    assert not answer.text.startswith("crashes"), answer.text
    assert kernel.value("A[1, 0], total") == "4.0 6"


def test_what_cannot_be_copied_is_said(kernel):
    kernel.run(
        "import threading\n"
        "class Box: pass\n"
        "box = Box(); box.log = open('log.txt', 'w'); box.lock = threading.Lock()\n"
        "box.rows = (i for i in range(3)); box.f = [lambda x: x][0]\n"
        "fine = lambda x: x + 1\n"
        "def make(k):\n    def inner(x):\n        return x * k\n    return inner\n"
        "twice = make(2)\n"
        "w = np.array([0.0])",
    )
    answer = examined(
        kernel,
        "for i in range(50):\n"
        "    with box.lock:\n"
        "        box.log.write(str(w))\n"
        "    w -= 0.1 * 2 * (w - 1.0) * fine(twice(0.5) - 1)\n"
        "unused = box\n",
    )
    assert not answer.text.startswith("crashes"), answer.text
    said = answer.text[answer.text.index("could not check") :]
    for name in ("box.log", "box.lock", "box.rows", "box.f"):
        assert f"`{name}`" in said
    assert "log.txt" in said
    assert kernel.value("open('log.txt').read() == ''") == "True"
    assert kernel.value("list(box.rows)") == "[0, 1, 2]"


def test_using_what_cannot_be_copied_is_no_fault_of_the_cell(kernel):
    kernel.run("box = [(i for i in range(1000))]\nbox.append(print('made'))\nw = 0.0")
    kernel.run("while len(box) < 3:\n    box.append(None)")
    answer = examined(kernel, "for r in box[0]:\n    w = w - 0.1 * (w - r)")
    assert answer.text.startswith("could not tell whether it learns"), answer.text
    assert "the running generator" in answer.text


def test_what_cannot_be_copied_is_made_again_where_that_is_possible(kernel):
    kernel.run("rows = (i for i in range(1000))\nw = 0.0")
    answer = examined(kernel, "for r in rows:\n    w = w - 0.1 * (w - r)")
    assert answer.text.startswith("learns"), answer.text
    assert "`rows`: was made again, since it cannot be copied: the running generator" in answer.text


def test_an_interrupt_ends_the_examination_and_nothing_else(kernel):
    slow = TRAIN.replace("range(120)", "range(100000)").replace("(Z1 > 0)", "(1 - Z1)")
    kernel.run(DATA, FUNCTIONS, WEIGHTS, "before = fingerprint()")
    sent = kernel.start(f"%%doctor --budget 90\n{slow.strip()}")
    time.sleep(4.0)
    kernel.interrupt()
    began = time.monotonic()
    answer = kernel.finish(sent)
    assert time.monotonic() - began < 10.0
    assert not answer.failed, answer.text
    assert "nterrupted" in answer.text
    assert kernel.value("1 + 1") == "2"
    assert kernel.value("leftovers()") == "([], [])"
    assert kernel.value("[k for k in before if fingerprint()[k] != before[k]]") == "[]"


def test_an_interrupt_at_any_moment_leaves_nothing(kernel):
    kernel.run(DATA, FUNCTIONS, WEIGHTS)
    for wait in (0.05, 0.3, 0.8, 1.6):
        sent = kernel.start(f"%%doctor --budget 60\n{TRAIN.strip()}")
        time.sleep(wait)
        kernel.interrupt()
        answer = kernel.finish(sent)
        assert not answer.failed, (wait, answer.text)
        assert kernel.value("leftovers()") == "([], [])"


def test_a_call_is_examined(kernel):
    kernel.run(
        DATA,
        FUNCTIONS,
        WEIGHTS,
        "def train(parameters, X, Y, epochs):\n"
        + TRAIN.replace("\n", "\n    ").replace("120", "epochs"),
    )
    kernel.run("before = fingerprint()")
    answer = kernel.run("%doctor --budget 40 train(parameters, X, Y, epochs=120)")
    assert answer.text.startswith("learns"), answer.text
    assert kernel.value("[k for k in before if fingerprint()[k] != before[k]]") == "[]"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%doctor --bugdet 3\nx = 1", "Did you mean --budget?"),
        ("%%doctor --budget soon\nx = 1", "--budget soon: give a number of seconds above 0"),
        ("%%doctor fast\nx = 1", "'fast' is no option"),
        ("%%doctor\nfor i in range(3)\n    pass", "line 2: for i in range(3)"),
        ("%%doctor\nx = nowhere + 1", "`nowhere` does not exist in this notebook yet"),
        ("%%doctor\n# nothing", "nothing to examine"),
        ("%doctor", "%doctor [the same options] train(X, y)"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(kernel, cell, said):
    answer = kernel.run(cell)
    assert said in answer.text
    assert "Traceback" not in answer.text
    assert not answer.failed


def test_names_that_the_cell_defines_itself_are_known(kernel):
    answer = examined(
        kernel,
        "def a(w):\n    return b(w) - 1.0\n\ndef b(w):\n    import math\n"
        "    return w * math.pi\n\nw = 1.0\nfor i in range(100):\n    w = w - 0.1 * a(w)",
        options="--budget 10 --no-rerun",
    )
    assert "does not exist" not in answer.text
    assert not answer.text.startswith("crashes"), answer.text


def test_a_file_that_was_run_is_part_of_what_is_seen(kernel):
    kernel.run(
        "open('steps.py', 'w').write('import numpy as np\\n\\ndef step(w, g):\\n"
        "    return w + 0.1 * g\\n')",
        "%run steps.py\nX = np.linspace(-1, 1, 40)[:, None]; Y = 3 * X; w = np.zeros((1, 1))",
    )
    answer = examined(
        kernel,
        "for i in range(200):\n    P = X @ w\n    w = step(w, 2 * X.T @ (P - Y) / len(X))",
        options="--budget 30",
    )
    assert answer.text.startswith("does not learn"), answer.text
    assert "steps.py:4" in answer.text


def test_the_next_cell_is_the_repaired_one_if_asked(kernel):
    kernel.run(DATA, FUNCTIONS, WEIGHTS)
    wrong = TRAIN.replace("(Z1 > 0)", "(1 - Z1)")
    sent = kernel.client.execute(f"%%doctor --next\n{wrong.strip()}", reply=False)
    kernel.finish(sent)
    reply = kernel.client.get_shell_msg(timeout=10)
    while reply["parent_header"].get("msg_id") != sent:
        reply = kernel.client.get_shell_msg(timeout=10)
    (payload,) = reply["content"]["payload"]
    assert payload["source"] == "set_next_input"
    assert "%%doctor" not in payload["text"]
    assert "for epoch in range(120):" in payload["text"]


def test_the_magics_can_be_taken_away(kernel):
    answer = kernel.run("%unload_ext unstuck", "%doctor")
    assert "not found" in answer.text
    kernel.run("%load_ext unstuck")
