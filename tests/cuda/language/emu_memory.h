// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Atomics, which are plain operations because one thread runs at a time; and loads and stores with cache hints. */
#pragma once

/* ---- atomics ---- */
template<class T> struct EmuSame {
    typedef T type;
};
#ifdef __SANITIZE_THREAD__ // atomics are not races: exclude them from the race check
#define EMU_ATOMIC_FUNCTION static __attribute__((noinline, no_sanitize_thread))
#else
#define EMU_ATOMIC_FUNCTION static inline
#endif
#define EMU_ATOMIC(name, expression)                                                                                   \
    template<class T> EMU_ATOMIC_FUNCTION T name(T* p, typename EmuSame<T>::type v) {                                  \
        T old = *p;                                                                                                    \
        *p = (expression);                                                                                             \
        return old;                                                                                                    \
    }                                                                                                                  \
    template<class T> EMU_ATOMIC_FUNCTION T name(volatile T* p, typename EmuSame<T>::type v) {                         \
        T old = *p;                                                                                                    \
        *p = (expression);                                                                                             \
        return old;                                                                                                    \
    }                                                                                                                  \
    template<class T> static inline T name##_block(T* p, typename EmuSame<T>::type v) {                                \
        return name(p, v);                                                                                             \
    }                                                                                                                  \
    template<class T> static inline T name##_system(T* p, typename EmuSame<T>::type v) {                               \
        return name(p, v);                                                                                             \
    }
EMU_ATOMIC(atomicAdd, old + v)
EMU_ATOMIC(atomicSub, old - v)
EMU_ATOMIC(atomicExch, v)
EMU_ATOMIC(atomicMin, v < old ? v : old)
EMU_ATOMIC(atomicMax, v > old ? v : old)
EMU_ATOMIC(atomicAnd, old& v)
EMU_ATOMIC(atomicOr, old | v)
EMU_ATOMIC(atomicXor, old ^ v)
EMU_ATOMIC(atomicInc, old >= v ? 0 : old + 1)
EMU_ATOMIC(atomicDec, old == 0 || old > v ? v : old - 1)
template<class T>
EMU_ATOMIC_FUNCTION T atomicCAS(T* p, typename EmuSame<T>::type compare, typename EmuSame<T>::type v) {
    T old = *p;
    if (old == compare)
        *p = v;
    return old;
}

/* ---- memory ---- */
template<class T> static inline T __ldg(const T* p) {
    return *p;
}
template<class T> static inline T __ldcg(const T* p) {
    return *p;
}
template<class T> static inline T __ldca(const T* p) {
    return *p;
}
template<class T> static inline T __ldcs(const T* p) {
    return *p;
}
template<class T> static inline void __stcg(T* p, typename EmuSame<T>::type v) {
    *p = v;
}
template<class T> static inline void __stcs(T* p, typename EmuSame<T>::type v) {
    *p = v;
}
