"""From LLVM instructions to functions that Python can call.

Compiled code is kept in files. A file's name holds a digest of the instructions, of the
compiler's version and of the processor, so code that was compiled from anything else is
never loaded.
"""

import ctypes
import hashlib
import os
import sys
import tempfile
import warnings
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from sklearn_gru.nets.compiling import tell_of_compiling

# Functions of C that the compiler may call instead of a loop, or where a processor
# lacks an instruction.
CALLED = ("memset", "memcpy", "memmove", "fma", "fmaf")


class Functions:
    """The functions of a compiled module, as attributes.

    Parameters
    ----------
    module : llvmlite.ir.Module
        All its exported functions take 64-bit integers and return nothing. A call
        releases Python's global lock.
    """

    def __init__(self, module):
        machine = _machine()
        code = _machine_code(str(module), machine)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        for function in module.functions:
            if function.linkage != "internal" and not function.is_declaration:
                setattr(self, function.name, _callable(function, engine))


def _callable(function, engine):
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(function.args))
    made = kind(engine.get_function_address(function.name))
    made.engine = engine  # which owns the memory that the code lies in
    return made


def _machine():
    """Return the target that this processor is, with all that it can do."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    for name in CALLED:
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        llvm.add_symbol(name, address)
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )


def _machine_code(instructions, machine):
    """Load machine code from a file, or compile it and keep it in one."""
    key = "\n".join(
        [
            instructions,
            llvmlite.__version__,
            str(llvm.llvm_version_info),
            machine.triple,
            llvm.get_host_cpu_name(),
            llvm.get_host_cpu_features().flatten(),
        ]
    )
    folder = cache_folder()
    if folder is None:
        warnings.warn(
            "No folder for compiled code can be written, so every process compiles "
            "the recurrent layers again. The environment variable "
            "SKLEARN_GRU_CACHE_DIR can name a folder.",
            RuntimeWarning,
            stacklevel=2,
        )
        return _compiled(instructions, machine)
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()}.o"
    code = _read(path)
    if code is None:
        code = _compiled(instructions, machine)
        _write(path, code)
    return code


def _compiled(instructions, machine):
    tell_of_compiling()
    module = llvm.parse_assembly(instructions)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_object(module)


def cache_folder():
    """Return the folder for compiled code, or None if none can be written.

    It is that of the environment variable ``SKLEARN_GRU_CACHE_DIR``, the package's own,
    or one of the user's.
    """
    chosen = os.environ.get("SKLEARN_GRU_CACHE_DIR")
    folders = [Path(chosen)] if chosen else [Path(__file__).parent / "__pycache__"]
    if not chosen:
        folders += _users_folders()
    for folder in folders:
        if _can_be_written(folder):
            return folder
    return None


def _users_folders():
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    except RuntimeError:  # if the user has no home
        return []
    return [Path(home) / "sklearn_gru"]


def _can_be_written(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _read(path):
    """Return what `_write` has written, or None if there is no such file, or half."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _write(path, code):
    """Write a file that other processes see whole or not at all."""
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            partial = Path(file.name)
            file.write(hashlib.sha256(code).digest() + code)
        partial.replace(path)
    except OSError as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        warnings.warn(
            f"The compiled recurrence could not be kept in {path.parent}: {error}. "
            "Every new process compiles it again.",
            RuntimeWarning,
            stacklevel=2,
        )
