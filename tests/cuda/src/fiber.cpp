// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "fiber.h"
#include <stddef.h>
#include <sys/mman.h>

#if defined(__x86_64__)
asm(R"(
.text
.hidden emu_switch
.globl emu_switch
.type emu_switch,@function
emu_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");
static void prepare(Fiber* f, char* stack, size_t size, void (*main)()) {
    void** top = (void**) (stack + size);
    *--top = nullptr; // the return address of main
    *--top = (void*) main;
    for (int i = 0; i < 6; i++)
        *--top = nullptr; // the registers that emu_switch restores
    f->stackPointer = top;
}
#else
static void prepare(Fiber* f, char* stack, size_t size, void (*main)()) {
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = stack;
    f->context.uc_stack.ss_size = size;
    f->context.uc_link = nullptr;
    makecontext(&f->context, main, 0);
}
#endif

Fiber* newFiber(void (*main)()) {
    const size_t size = 512 * 1024, guard = 64 * 1024; // untouched pages cost nothing
    char* stack =
            (char*) mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED)
        return nullptr;
    mprotect(stack, guard, PROT_NONE); // a stack overflow stops here, before it reaches another thread's stack
    // Stagger the stack tops: at the same offset in their pages they would compete for the same cache lines.
    static int count;
    Fiber* f = new Fiber();
    prepare(f, stack, size - 1088 * (count++ % 32), main);
    return f;
}
