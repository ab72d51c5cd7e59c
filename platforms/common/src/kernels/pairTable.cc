/* The lookup of plugin/include/internal/SegmentTable.h. */
const real2 lpGrid = LP_GRIDS[LP_CLASS1*LP_NUM_CLASSES+LP_CLASS2];
const real lpX = (lpInside-LP_MIN_DISTANCE)*lpGrid.x;
const int lpInterval = (int) lpX;
const real lpT = lpX-lpInterval;
const real4 lpC = LP_SEGMENTS[(int) lpGrid.y+lpInterval];
real lpSlope = (lpC.y+lpT*(2*lpC.z+3*lpT*lpC.w))*lpGrid.x;
real lpEnergy = lpC.x+lpT*(lpC.y+lpT*(lpC.z+lpT*lpC.w));
