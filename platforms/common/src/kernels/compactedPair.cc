const int place1 = pairs[index]/TILE_SIZE, place2 = pairs[index]%TILE_SIZE;
LP_HOLE_GET_PARAMETERS
real3 delta = positions2[place2]-positions1[place1];
LP_APPLY_PERIODIC
const real r2 = delta.x*delta.x+delta.y*delta.y+delta.z*delta.z;
const real invR = RSQRT(r2);
LP_HOLE_DISTANCE
