# expect: refused
# about: async def and await
# line: 8
# entry: filtered
import asyncio
import numpy as np

async def work(x):
    await asyncio.sleep(0)
    return x * 2

def filtered(x):
    return asyncio.run(work(x))

if __name__ == "__main__":
    filtered(np.arange(3.0))
