/* One function of the table: the energy, or its derivative by a global parameter. */
const real4 LP_C = LP_SEGMENT;
real LP_SLOPE = (LP_C.y+lpT*(2*LP_C.z+3*lpT*LP_C.w))*lpCurve.x;
real LP_VALUE = LP_C.x+lpT*(LP_C.y+lpT*(LP_C.z+lpT*LP_C.w));
