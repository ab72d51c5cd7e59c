/* The table lookup defined in plugin/include/internal/SegmentTable.h; see pairEnergy.cc for the names. */
const real2 lpCurve = LP_CURVES[LP_CLASS1*LP_NUM_CLASSES+LP_CLASS2];
const real lpX = (lpRClamped-LP_MIN_DISTANCE)*lpCurve.x;
const int lpInterval = (int) lpX;
const real lpT = lpX-lpInterval;
const int lpSegment = (int) lpCurve.y+lpInterval;
