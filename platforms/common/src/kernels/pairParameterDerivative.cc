/* Add the derivative of the pair's energy with respect to one parameter: see pairEnergy.cc for the names. */
LP_TOTAL += interactionScale*LP_SCALE*(LP_DEDG+lpRBelowInner*LP_D2EDRDG)
#if LP_USE_SWITCH
        *lpSwitch
#endif
        ;
