/* The table lookup defined in plugin/include/internal/KnotTable.h; see pairEnergy.cc for the names. */
const real2 lpCurve = LP_CURVES[LP_CLASS1*LP_NUM_CLASSES+LP_CLASS2];
const real lpX = (lpRClamped-LP_MIN_DISTANCE)*lpCurve.x;
const int lpInterval = (int) lpX;
const real lpT = lpX-lpInterval;
const int lpKnot = (int) lpCurve.y+lpInterval;
const real lpSpacing = (lpCurve.x > 0 ? 1/lpCurve.x : 0);
