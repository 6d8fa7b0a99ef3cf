/** @file
 * libmunicipal: the one header to include. */
#ifndef MUNICIPAL_H
#define MUNICIPAL_H

#include <municipal/base.h>
#include <municipal/error.h>
#include <municipal/rec.h>
#include <municipal/query.h>
#include <municipal/db.h>
#include <municipal/session.h>
#include <municipal/calendar.h>
#include <municipal/staff.h>
#include <municipal/report.h>
#include <municipal/audit.h>
#include <municipal/store.h>

#endif
