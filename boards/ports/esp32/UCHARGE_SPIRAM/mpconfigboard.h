#include "../UCHARGE/mpconfigboard.h"
