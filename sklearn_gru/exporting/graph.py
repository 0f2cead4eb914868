"""Writing an ONNX graph, node by node."""

import numpy as np
import onnx
from onnx import checker, helper, numpy_helper

OPSET = 17
# The version of the file format that belongs to this opset.
IR_VERSION = 8


class Graph:
    """Nodes, constants, inputs and outputs; values are known by their names.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name):
        self.name = name
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []

    def input(self, name, shape):
        """Declare a float32 input, and return it as float64."""
        self.inputs.append(
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        )
        return self.cast(name, np.float64)

    def output(self, name, value, dtype, shape):
        """Declare a value to be an output."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def add(self, operator, *inputs, n_outputs=1, **attributes):
        """Add a node.

        Parameters
        ----------
        operator : str
        *inputs : str or array
            Names of values, or constants.
        n_outputs : int, default=1
        **attributes

        Returns
        -------
        str, or list of str
            The name of the output, or names if there are several.
        """
        names = [each if isinstance(each, str) else self._keep(each) for each in inputs]
        stem = f"{operator}_{len(self.nodes)}"
        outputs = [stem]
        if n_outputs > 1:
            outputs = [f"{stem}_{number}" for number in range(n_outputs)]
        self.nodes.append(helper.make_node(operator, names, outputs, **attributes))
        return outputs if n_outputs > 1 else stem

    def cast(self, value, dtype):
        """Convert a value to a NumPy dtype."""
        to = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", value, to=to)

    def affine(self, value, slope, intercept):
        """Add ``slope * value + intercept``."""
        return self.add("Add", self.add("Mul", value, slope), intercept)

    def linear(self, value, layer):
        """Add a linear layer, over the last axis."""
        weight, bias = numbers(layer.weight), numbers(layer.bias)
        return self.add("Add", self.add("MatMul", value, weight.T), bias)

    def reshape(self, value, *shape):
        """Reshape; 0 keeps an axis, and -1 takes what is left."""
        return self.add("Reshape", value, np.array(shape))

    def transpose(self, value, *axes):
        """Put the axes in another order."""
        return self.add("Transpose", value, perm=axes)

    def mean(self, value):
        """Average over axis 1, and keep it."""
        return self.add("ReduceMean", value, axes=[1], keepdims=1)

    def save(self, path):
        """Check the graph, and write it to a file."""
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, self.constants
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="sklearn-gru",
        )
        checker.check_model(model, full_check=True)
        onnx.save_model(model, path)

    def _keep(self, array):
        name = f"constant_{len(self.constants)}"
        self.constants.append(
            numpy_helper.from_array(np.asarray(array, order="C"), name)
        )
        return name


def numbers(tensor):
    """Return a tensor's numbers as an array, float64."""
    return tensor.detach().cpu().double().numpy()
