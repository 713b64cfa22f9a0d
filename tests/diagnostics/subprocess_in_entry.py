# expect: refused
# about: a child process
# line: 9
# entry: run_tool
import subprocess
import numpy as np

def run_tool(x):
    subprocess.run(["true"], check=True)
    return 2 * x

if __name__ == "__main__":
    run_tool(np.arange(3.0))
