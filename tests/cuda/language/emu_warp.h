// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Barriers and warp collectives. */
#pragma once
#include "runtime.h"
#include <string.h>

static inline void __syncthreads() {
    emu_block_sync(0);
}
static inline int __syncthreads_count(int p) {
    return emu_block_sync(p);
}
static inline int __syncthreads_or(int p) {
    return emu_block_sync(p) != 0;
}
static inline int __syncthreads_and(int p) {
    return emu_block_sync(!p) == 0;
}
static inline void __syncwarp(unsigned mask = 0xffffffffu) {
    emu_warp_sync(mask, EMU_SYNCWARP);
}
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}
/* The lanes that have not returned: correct where the warp is converged, too many lanes in a divergent branch. */
static inline unsigned __activemask() {
    return emu_self->warp->alive;
}

template<class T> static inline void emu_offer(T v) {
    static_assert(sizeof(T) <= 8, "a collective moves up to 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof v);
    emu_self->warp->offered[emu_self->lane] = bits;
}
template<class T> static inline T emu_value(const uint64_t& bits) {
    T v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
template<class T> static inline T emu_shuffle(unsigned mask, T v, int source) {
    EmuThread* t = emu_self;
    emu_offer(v);
    t->warp->source[t->lane] = source;
    emu_warp_sync(mask, EMU_SHUFFLE);
    return emu_value<T>(t->warp->received[t->lane]);
}
template<class T> static inline T __shfl_sync(unsigned mask, T v, int source, int width = 32) {
    return emu_shuffle(mask, v, (emu_self->lane & ~(width - 1)) | (source & (width - 1)));
}
template<class T> static inline T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32) {
    int lane = emu_self->lane, source = lane - (int) delta;
    return emu_shuffle(mask, v, source < (lane & ~(width - 1)) ? lane : source);
}
template<class T> static inline T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32) {
    int lane = emu_self->lane, source = lane + (int) delta;
    return emu_shuffle(mask, v, source > (lane | (width - 1)) ? lane : source);
}
template<class T> static inline T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = 32) {
    int lane = emu_self->lane, source = lane ^ lanes;
    return emu_shuffle(mask, v, source > (lane | (width - 1)) ? lane : source);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
    EmuThread* t = emu_self;
    unsigned bit = 1u << t->lane;
    t->warp->votes = predicate ? t->warp->votes | bit : t->warp->votes & ~bit;
    emu_warp_sync(mask, EMU_VOTE);
    return (unsigned) t->warp->received[t->lane];
}
static inline int __any_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) != 0;
}
static inline int __all_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, !predicate) == 0;
}
/* Matches and reductions read the values of all lanes, so no lane may continue before all lanes have read them. */
template<class T, class F> static inline void emu_readAll(unsigned mask, T v, F look) {
    EmuWarp* w = emu_self->warp;
    unsigned lanes = __ballot_sync(mask, 1);
    emu_offer(v);
    emu_warp_sync(mask, EMU_MATCH);
    for (; lanes; lanes &= lanes - 1) {
        int lane = __builtin_ctz(lanes);
        look(lane, emu_value<T>(w->offered[lane]));
    }
    emu_warp_sync(mask, EMU_MATCH);
}
template<class T> static inline unsigned __match_any_sync(unsigned mask, T v) {
    unsigned same = 0;
    emu_readAll(mask, v, [&](int lane, T other) {
        if (other == v)
            same |= 1u << lane;
    });
    return same;
}
template<class T> static inline unsigned __match_all_sync(unsigned mask, T v, int* all) {
    unsigned same = 0, present = 0;
    emu_readAll(mask, v, [&](int lane, T other) {
        present |= 1u << lane;
        if (other == v)
            same |= 1u << lane;
    });
    *all = (same == present);
    return *all ? present : 0;
}
#define EMU_REDUCE(name, expression)                                                                                   \
    template<class T> static inline T name(unsigned mask, T v) {                                                       \
        T r = v;                                                                                                       \
        int self = emu_self->lane;                                                                                     \
        emu_readAll(mask, v, [&](int lane, T o) {                                                                      \
            if (lane != self)                                                                                          \
                r = expression;                                                                                        \
        });                                                                                                            \
        return r;                                                                                                      \
    }
EMU_REDUCE(__reduce_add_sync, r + o)
EMU_REDUCE(__reduce_min_sync, o < r ? o : r)
EMU_REDUCE(__reduce_max_sync, o > r ? o : r)
EMU_REDUCE(__reduce_and_sync, r& o)
EMU_REDUCE(__reduce_or_sync, r | o)
EMU_REDUCE(__reduce_xor_sync, r ^ o)
