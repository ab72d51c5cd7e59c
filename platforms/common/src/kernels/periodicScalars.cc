// Apply periodic boundary conditions to the displacement (dx, dy, dz), as APPLY_PERIODIC_TO_DELTA does to a vector.
#if LP_TRICLINIC
const real lpScaleZ = floor(dz*invPeriodicBoxSize.z+0.5f);
dx -= lpScaleZ*periodicBoxVecZ.x;
dy -= lpScaleZ*periodicBoxVecZ.y;
dz -= lpScaleZ*periodicBoxVecZ.z;
const real lpScaleY = floor(dy*invPeriodicBoxSize.y+0.5f);
dx -= lpScaleY*periodicBoxVecY.x;
dy -= lpScaleY*periodicBoxVecY.y;
dx -= floor(dx*invPeriodicBoxSize.x+0.5f)*periodicBoxVecX.x;
#else
dx -= floor(dx*invPeriodicBoxSize.x+0.5f)*periodicBoxSize.x;
dy -= floor(dy*invPeriodicBoxSize.y+0.5f)*periodicBoxSize.y;
dz -= floor(dz*invPeriodicBoxSize.z+0.5f)*periodicBoxSize.z;
#endif
