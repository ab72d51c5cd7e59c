/* The table lookup defined in plugin/include/internal/SegmentTable.h; see pairEnergy.cc for the names. */
const real2 lpCurve = LP_CURVES[LP_CLASS1*LP_NUM_CLASSES+LP_CLASS2];
const real lpX = (lpRClamped-LP_MIN_DISTANCE)*lpCurve.x;
const int lpInterval = (int) lpX;
const real lpT = lpX-lpInterval;
const real4 lpC = LP_SEGMENTS[(int) lpCurve.y+lpInterval];
real lpDEdR = (lpC.y+lpT*(2*lpC.z+3*lpT*lpC.w))*lpCurve.x;
real lpEnergy = lpC.x+lpT*(lpC.y+lpT*(lpC.z+lpT*lpC.w));
