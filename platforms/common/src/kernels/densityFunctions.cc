/**
 * The real spherical harmonics C_lm of a unit vector n, for l = 1, 2 and 3; and the sums over m of p[m] times their
 * gradients, as polynomials in the components of n: see plugin/include/internal/solidHarmonics.h.
 */
DEVICE void lpHarmonics1(real3 n, real* c) {
    c[0] = n.y;
    c[1] = n.z;
    c[2] = n.x;
}

DEVICE real3 lpGradient1(real3 n, const real* p) {
    return make_real3(p[2], p[0], p[1]);
}

DEVICE void lpHarmonics2(real3 n, real* c) {
    c[0] = LP_SQRT_3*n.x*n.y;
    c[1] = LP_SQRT_3*n.y*n.z;
    c[2] = n.z*n.z-(n.x*n.x+n.y*n.y)/2;
    c[3] = LP_SQRT_3*n.x*n.z;
    c[4] = LP_SQRT_3/2*(n.x*n.x-n.y*n.y);
}

DEVICE real3 lpGradient2(real3 n, const real* p) {
    return make_real3(LP_SQRT_3*(p[0]*n.y+p[3]*n.z+p[4]*n.x)-p[2]*n.x,
        LP_SQRT_3*(p[0]*n.x+p[1]*n.z-p[4]*n.y)-p[2]*n.y,
        LP_SQRT_3*(p[1]*n.y+p[3]*n.x)+2*p[2]*n.z);
}

DEVICE void lpHarmonics3(real3 n, real* c) {
    const real xx = n.x*n.x, yy = n.y*n.y, zz = n.z*n.z, q = 4*zz-xx-yy;
    c[0] = LP_SQRT_5_8*n.y*(3*xx-yy);
    c[1] = LP_SQRT_15*n.x*n.y*n.z;
    c[2] = LP_SQRT_3_8*n.y*q;
    c[3] = n.z*(zz-(xx+yy)*3/2);
    c[4] = LP_SQRT_3_8*n.x*q;
    c[5] = LP_SQRT_15/2*n.z*(xx-yy);
    c[6] = LP_SQRT_5_8*n.x*(xx-3*yy);
}

DEVICE real3 lpGradient3(real3 n, const real* p) {
    const real xx = n.x*n.x, yy = n.y*n.y, zz = n.z*n.z, xy = n.x*n.y, xz = n.x*n.z, yz = n.y*n.z, q = 4*zz-xx-yy;
    return make_real3(
        3*LP_SQRT_5_8*(2*p[0]*xy+p[6]*(xx-yy))+LP_SQRT_15*(p[1]*yz+p[5]*xz)-3*p[3]*xz
            +LP_SQRT_3_8*(p[4]*(q-2*xx)-2*p[2]*xy),
        3*LP_SQRT_5_8*(p[0]*(xx-yy)-2*p[6]*xy)+LP_SQRT_15*(p[1]*xz-p[5]*yz)-3*p[3]*yz
            +LP_SQRT_3_8*(p[2]*(q-2*yy)-2*p[4]*xy),
        LP_SQRT_15*(p[1]*xy+p[5]*(xx-yy)/2)+3*p[3]*(zz-(xx+yy)/2)+8*LP_SQRT_3_8*(p[2]*yz+p[4]*xz));
}

/** Four densities from the coefficients of cubic polynomials, whose arrays are `step` apart, and their slopes in t. */
DEVICE real4 lpInterpolate(GLOBAL const real4* RESTRICT row, int step, real t) {
    return row[0]+(row[step]+(row[2*step]+row[3*step]*t)*t)*t;
}

DEVICE real4 lpInterpolateSlope(GLOBAL const real4* RESTRICT row, int step, real t) {
    return row[step]+(row[2*step]*2+row[3*step]*(3*t))*t;
}

DEVICE real lpDot(real4 a, real4 b) {
    return a.x*b.x+a.y*b.y+a.z*b.z+a.w*b.w;
}

/** Add to a sum over the neighbors of an atom, in fixed point, so that the result does not depend on the order. */
DEVICE void lpAddSum(GLOBAL mm_ulong* RESTRICT sums, GLOBAL const real* RESTRICT scales, int place, int atom,
        real value) {
    ATOMIC_ADD(&sums[place*PADDED_NUM_ATOMS+atom], (mm_ulong) (mm_long) (value*scales[place]));
}
