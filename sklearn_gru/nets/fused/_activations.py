"""tanh and the logistic function of `Lanes`."""

from llvmlite import ir

# tanh x = x P(x²) / Q(x²) for |x| <= 8.5, with the least maximal relative error (found
# by Lawson's iteration); beyond, float32 can't tell tanh from ±1. In float32, rounding
# included, the relative error is at most 4e-7.
LIMIT = 8.5
P = (9.99999988e-01, 1.34132473e-01, 3.53402720e-03, 2.12510483e-05, 1.42692303e-08)
Q = (1.0, 4.67465700e-01, 2.60227528e-02, 3.34886529e-04, 8.14512503e-07)

LOG2_E = 1.4426950408889634
# ln 2 in two parts; multiples of the first up to 2048 are exact in float64.
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
TAYLOR_TERMS = 14


def tanh(x):
    """tanh(x); relative error 4e-7 in float32, absolute error 4e-16 in float64."""
    if _is_double(x):
        return 1.0 - 2.0 / (exp(x * 2.0) + 1.0)
    x = x.clipped(-LIMIT, LIMIT)
    square = x * x
    return x * polynomial(P, square) / polynomial(Q, square)


def sigmoid(x):
    """1 / (1 + exp(-x)); absolute error 4e-7 in float32, 4e-16 in float64."""
    if _is_double(x):
        return 1.0 / (exp(x * -1.0) + 1.0)
    return tanh(x * 0.5).times_plus(0.5, 0.5)


def relu(x):
    """max(x, 0)."""
    return x.where_positive(x)


def exp(x):
    """exp(x) with x clipped to ±700; relative error 4e-16 in float64."""
    x = x.clipped(-700.0, 700.0)
    power = (x * LOG2_E).rounded()
    rest = power.times_plus(-LN2_LOW, power.times_plus(-LN2_HIGH, x))
    coefficients = [1.0]
    for k in range(1, TAYLOR_TERMS):
        coefficients.append(coefficients[-1] / k)
    return polynomial(coefficients, rest).times_two_to(power)


def polynomial(coefficients, x):
    """Evaluate a polynomial by Horner's rule; the constant coefficient comes first."""
    *lower, value = coefficients
    for coefficient in reversed(lower):
        value = x.times_plus(value, coefficient)
    return value


def _is_double(x):
    return isinstance(x.value.type.element, ir.DoubleType)


def _tanh_slope(n, gradient):
    """Multiply a gradient with the derivative of tanh, where tanh is n."""
    return gradient * (1.0 - n * n)


def _relu_slope(n, gradient):
    """Multiply a gradient with the derivative of relu, where relu is n."""
    return n.where_positive(gradient)


ACTIVATIONS = {"tanh": (tanh, _tanh_slope), "relu": (relu, _relu_slope)}
