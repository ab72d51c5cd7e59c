// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Fibers: several stacks on one OS thread. One fiber runs until it switches to another. */
#pragma once

#if defined(__x86_64__)
struct Fiber {
    void* stackPointer;
};
/* Saves the callee-saved registers, then continues on the other stack. */
extern "C" void emu_switch(void** save, void* resume);
inline void switchFiber(Fiber* from, Fiber* to) {
    emu_switch(&from->stackPointer, to->stackPointer);
}
#else
#include <ucontext.h>
struct Fiber {
    ucontext_t context;
};
inline void switchFiber(Fiber* from, Fiber* to) {
    swapcontext(&from->context, &to->context);
}
#endif

/* Creates a fiber that calls main() when it is first switched to; main() must not return. Returns NULL if there is no
 * memory. */
Fiber* newFiber(void (*main)());
