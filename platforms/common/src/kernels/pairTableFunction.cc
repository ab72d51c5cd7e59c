/* One function of the table: the energy, or its derivative by a global parameter. */
const real2 LP_LEFT = LP_KNOTS[LP_KNOT], LP_RIGHT = LP_KNOTS[LP_KNOT+1];
const real LP_RISE = LP_RIGHT.x-LP_LEFT.x;
const real LP_C3 = LP_SMOOTHNESS*(LP_LEFT.y+LP_RIGHT.y-2*LP_RISE), LP_C2 = LP_RISE-LP_LEFT.y-LP_C3;
real LP_SLOPE = LP_LEFT.x+lpT*(LP_LEFT.y+lpT*(LP_C2+lpT*LP_C3));
real LP_VALUE = LP_ENERGIES[LP_KNOT];
LP_VALUE += lpSpacing*lpT*(LP_LEFT.x+lpT*(LP_LEFT.y*0.5f+lpT*(LP_C2*LP_THIRD+lpT*LP_C3*0.25f)));
