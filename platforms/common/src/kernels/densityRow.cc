/* Find the polynomials of the densities at an atom of one class that come from a neighbor of another class. */
const real2 LP_CURVE = lpCurves[LP_CENTER*LP_NUM_CLASSES+LP_NEIGHBOR];
const real LP_X = (lpRClamped-LP_FIRST_KNOT)*LP_CURVE.x;
const int LP_INTERVAL = (int) LP_X;
const real LP_T = LP_X-LP_INTERVAL;
GLOBAL const real4* LP_ROW = lpRows+((int) LP_CURVE.y+LP_INTERVAL)*LP_ROW_SIZE;
