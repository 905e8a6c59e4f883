# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A lit test format for Python's unittest: each test method is one test, so that lit counts and runs them one by
one."""
import ast
import os

import lit.formats
import lit.Test
import lit.util


class UnittestFormat(lit.formats.TestFormat):
    def __init__(self, python, seconds=600):
        self.python = python
        self.seconds = seconds

    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        folder = suite.getSourcePath(path_in_suite)
        for name in sorted(os.listdir(folder)):
            if name.startswith("test_") and name.endswith(".py"):
                yield from self.getTestsForPath(suite, path_in_suite + (name,), lit_config, local_config)

    def getTestsForPath(self, suite, path_in_suite, lit_config, local_config):
        with open(suite.getSourcePath(path_in_suite), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for item in tree.body:
            if not isinstance(item, ast.ClassDef):
                continue
            for method in item.body:
                if isinstance(method, ast.FunctionDef) and method.name.startswith("test"):
                    yield lit.Test.Test(suite, path_in_suite + (item.name, method.name), local_config)

    def execute(self, test, lit_config):
        folder, name = os.path.split(test.suite.getSourcePath(test.path_in_suite[:-2]))
        case = ".".join([name[: -len(".py")], *test.path_in_suite[-2:]])
        environment = dict(test.config.environment)
        environment["PYTHONPATH"] = folder
        command = [self.python, "-m", "unittest", "-q", case]
        try:
            out, err, code = lit.util.executeCommand(command, cwd=folder, env=environment, timeout=self.seconds)
        except lit.util.ExecuteCommandTimeoutException as e:
            return lit.Test.TIMEOUT, f"{e.out}{e.err}\ntimed out after {self.seconds} s"
        output = f"$ {' '.join(command)}\n{out}{err}"
        if code != 0:
            return lit.Test.FAIL, output
        if "(skipped=" in err:
            return lit.Test.UNSUPPORTED, output
        return lit.Test.PASS, output
