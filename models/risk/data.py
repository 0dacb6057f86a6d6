"""A synthetic population of loan applicants and whether they defaulted. The process, all of it:

1. Applicant: age, working life, income (log-normal, rising with age and employment), home, dependants, credit history.
2. Behaviour: a hidden trait `care` (standard normal) drives utilisation, late payments and inquiries, each with noise of its own.
3. Loan: amount from income with log-normal spread; term from a list of usual ones; existing debt from income, age and home.
4. Default: Bernoulli of sigmoid(z + noise), where z adds non-linear terms of what a lender sees (instalment and debt against
   income, utilisation, late payments and how they compound, short employment, young age) and the hidden trait; noise is
   normal with deviation 0.5. So even a perfect model stays well below certainty.

Values are integers in the steps of COLUMNS, as a contract would send them. About 17 % default."""

import numpy as np

# name, unit, step, and the range beyond which the model sees no difference (the caller may send any int32)
COLUMNS = [
    ("income", "EUR a year", 1, 0, 200_000),
    ("debt", "EUR", 1, 0, 400_000),
    ("age", "years", 1, 18, 85),
    ("employment", "months in the present job", 1, 0, 360),
    ("utilisation", "share of credit lines in use", 0.0001, 0, 12_000),
    ("late_payments", "in the last 24 months", 1, 0, 12),
    ("inquiries", "credit inquiries in the last 6 months", 1, 0, 10),
    ("credit_history", "months since the first account", 1, 0, 480),
    ("loan_amount", "EUR", 1, 500, 100_000),
    ("loan_term", "months", 1, 6, 120),
    ("dependants", "persons", 1, 0, 6),
    ("homeowner", "0 or 1", 1, 0, 1),
]
NAMES = [name for name, *_ in COLUMNS]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def applicants(n, seed):
    """n applicants: int32 [n, 12] in the order and steps of COLUMNS, and uint8 [n] defaults."""
    random = np.random.default_rng(seed)
    age = np.clip(random.gamma(6, 4.2, n) + 18, 18, 88)
    care = random.normal(size=n)
    employment = np.minimum(random.exponential(60, n) * (0.7 + 0.15 * np.abs(care)), (age - 17) * 12)
    income = np.exp(10.25 + 0.012 * (np.minimum(age, 55) - 35) + 0.0012 * employment + random.normal(0, 0.45, n))
    homeowner = random.random(n) < sigmoid(-2.2 + 0.05 * (age - 30) + 0.00003 * (income - 30000))
    dependants = np.minimum(random.poisson(0.9 * np.exp(-(((age - 42) / 16) ** 2)), n), 6)
    credit_history = np.clip((age - 18) * 12 * random.beta(3, 2, n), 0, 600)
    utilisation = np.clip(sigmoid(-0.7 - 0.9 * care + random.normal(0, 0.9, n)) * 1.08, 0, 1.3)
    late_payments = random.poisson(np.exp(-0.9 - 0.8 * care + 0.8 * (utilisation - 0.4)))
    inquiries = random.poisson(np.exp(-0.3 - 0.35 * care))
    debt = income * np.exp(random.normal(-1.3, 0.9, n)) + homeowner * income * random.uniform(0.5, 3.5, n)
    loan_amount = np.clip(income * np.exp(random.normal(-1.4, 0.7, n)), 500, 150_000)
    loan_term = random.choice([12, 24, 36, 48, 60, 84, 120], n, p=[0.1, 0.18, 0.27, 0.18, 0.17, 0.07, 0.03])

    instalment = loan_amount / loan_term * 12 / income
    unsecured = np.maximum(debt - homeowner * income * 1.5, 0) / income
    z = -4.1 + 2.6 * np.tanh(2.2 * instalment) + 1.1 * np.log1p(unsecured) + 2.2 * np.maximum(utilisation - 0.35, 0)
    z += 0.55 * np.minimum(late_payments, 6) * (0.6 + 0.8 * (utilisation > 0.7)) + 0.18 * inquiries
    z += 0.9 * np.exp(-employment / 14) + 0.7 * np.exp(-(age - 18) / 6) - 0.35 * homeowner + 0.12 * dependants
    z += 0.5 * np.exp(-credit_history / 30) - 0.25 * care
    default = random.random(n) < sigmoid(z + random.normal(0, 0.5, n))

    steps = np.array([step for _, _, step, _, _ in COLUMNS])
    table = np.stack(
        [income, debt, age, employment, utilisation, late_payments, inquiries, credit_history]
        + [loan_amount, loan_term, dependants, homeowner],
        axis=1,
    )
    return np.rint(table / steps).astype(np.int32), default.astype(np.uint8)
