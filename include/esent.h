/*
 * esent.h - the JET API of the Extensible Storage Engine, as libesent offers it.
 *
 * Written by `cargo run -p abi-tool` (cbindgen) from the Rust sources. Do not edit.
 *
 * JET_UNICODE, defined before this file is included, makes the plain names stand for the W forms; else they stand for the
 * A forms. JET_VERSION selects the Windows level whose declarations are shown, 0x0500 to 0x0A00 (default).
 * `long` of the Windows header is int32_t or uint32_t here, WCHAR is a UTF-16 unit: u"text" is a literal of it.
 */
#ifndef _JET_INCLUDED
#define _JET_INCLUDED

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef JET_VERSION
#ifdef WINVER
#define JET_VERSION WINVER
#else
#define JET_VERSION 0x0A00
#endif
#endif

/* Unnamed members and small bit-fields are older in compilers than in the standards. */
#ifdef __GNUC__
#define JET_EXTENSION __extension__
#else
#define JET_EXTENSION
#endif

#if UINTPTR_MAX > 0xFFFFFFFFu
#pragma pack(push, 8)
#else
#pragma pack(push, 4)
#endif

#ifndef JET_API
#ifdef _WIN32
#define JET_API __stdcall
#else
#define JET_API
#endif
#endif

/* One unit of UTF-16 text: never the wchar_t of Linux. */
#if defined(_WIN32)
typedef wchar_t WCHAR;
#elif defined(__cplusplus)
typedef char16_t WCHAR;
#else
typedef uint_least16_t WCHAR;
#endif

/* ---- Types ---- */

typedef uintptr_t JET_API_PTR;
typedef int32_t JET_ERR;
typedef JET_API_PTR JET_HANDLE;
typedef JET_API_PTR JET_INSTANCE;
typedef JET_API_PTR JET_SESID;
typedef JET_API_PTR JET_TABLEID;
#if ( JET_VERSION >= 0x0501 )
typedef JET_API_PTR JET_LS;
typedef JET_API_PTR JET_OSSNAPID;
#endif
typedef uint32_t JET_COLUMNID;
typedef uint32_t JET_DBID;
typedef uint32_t JET_OBJTYP;
typedef uint32_t JET_COLTYP;
typedef uint32_t JET_GRBIT;
typedef uint32_t JET_SNP;
typedef uint32_t JET_SNT;
#if ( JET_VERSION >= 0x0501 )
typedef uint32_t JET_CBTYP;
#endif
typedef double JET_DATESERIAL;
typedef char *JET_PSTR;
typedef const char *JET_PCSTR;
typedef WCHAR *JET_PWSTR;
typedef const WCHAR *JET_PCWSTR;

#if ( JET_VERSION >= 0x0602 )
typedef enum
{
    JET_relopEquals = 0, /* equal */
    JET_relopPrefixEquals = 1, /* starts with */
    JET_relopNotEquals = 2, /* not equal */
    JET_relopLessThanOrEqual = 3, /* less or equal */
    JET_relopLessThan = 4, /* less */
    JET_relopGreaterThanOrEqual = 5, /* greater or equal */
    JET_relopGreaterThan = 6, /* greater */
    JET_relopBitmaskEqualsZero = 7, /* and-mask is zero */
    JET_relopBitmaskNotEqualsZero = 8, /* and-mask is not zero */
} JET_RELOP;

typedef enum
{
    JET_errcatUnknown = 0, /* lookup failed or not classified */
    JET_errcatError = 1, /* root, never assigned */
    JET_errcatOperation = 2, /* may happen any time, often temporary */
    JET_errcatFatal = 3, /* cannot go on safely; restart */
    JET_errcatIO = 4, /* OS I/O trouble */
    JET_errcatResource = 5, /* some resource ran out */
    JET_errcatMemory = 6, /* memory */
    JET_errcatQuota = 7, /* a configured pool ran out */
    JET_errcatDisk = 8, /* disk space */
    JET_errcatData = 9, /* data problems */
    JET_errcatCorruption = 10, /* damaged data */
    JET_errcatInconsistent = 11, /* files do not fit each other */
    JET_errcatFragmentation = 12, /* a persisted counter or space ran out */
    JET_errcatApi = 13, /* API use */
    JET_errcatUsage = 14, /* wrong arguments or order */
    JET_errcatState = 15, /* normal outcome describing state */
    JET_errcatObsolete = 16, /* no longer produced */
    JET_errcatMax = 17, /* count */
} JET_ERRCAT;
#endif

#if ( JET_VERSION >= 0x0603 )
typedef enum
{
    JET_IndexCheckingOff = 0, /* no check */
    JET_IndexCheckingOn = 1, /* check at attach */
    JET_IndexCheckingDeferToOpenTable = 2, /* check at table open */
    JET_IndexCheckingMax = 3, /* count */
} JET_INDEXCHECKING;
#endif

typedef JET_ERR (JET_API *JET_PFNSTATUS)(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv);

#if ( JET_VERSION >= 0x0501 )
typedef JET_ERR (JET_API *JET_CALLBACK)(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_TABLEID tableid,
    JET_CBTYP cbtyp,
    void *pvArg1,
    void *pvArg2,
    void *pvContext,
    JET_API_PTR ulUnused);

typedef void *(JET_API *JET_PFNREALLOC)(void *pvContext, void *pv, uint32_t cb);
#endif

#pragma pack(push, 1)
typedef struct JET_LOGTIME
{
    char bSeconds;
    char bMinutes;
    char bHours;
    char bDay;
    char bMonth;
    char bYear;
    JET_EXTENSION union
    {
        char bFiller1;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint8_t fTimeIsUTC : 1;
            JET_EXTENSION uint8_t bMillisecondsLow : 7;
        };
    };
    JET_EXTENSION union
    {
        char bFiller2;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint8_t fReserved : 1;
            JET_EXTENSION uint8_t bMillisecondsHigh : 3;
            JET_EXTENSION uint8_t fUnused : 4;
        };
    };
} JET_LOGTIME;
#pragma pack(pop)

#pragma pack(push, 1)
typedef struct JET_SIGNATURE
{
    uint32_t ulRandom;
    JET_LOGTIME logtimeCreate;
    char szComputerName[16];
} JET_SIGNATURE;
#pragma pack(pop)

#if ( JET_VERSION >= 0x0602 )
typedef struct JET_COMMIT_ID
{
    JET_SIGNATURE signLog;
    int32_t reserved;
    int64_t commitId;
} JET_COMMIT_ID;

typedef JET_ERR (JET_API *JET_PFNDURABLECOMMITCALLBACK)(
    JET_INSTANCE instance,
    JET_COMMIT_ID *pCommitIdSeen,
    JET_GRBIT grbit);
#endif

#if ( JET_VERSION >= 0x0600 )
#pragma pack(push, 1)
typedef struct JET_BKLOGTIME
{
    char bSeconds;
    char bMinutes;
    char bHours;
    char bDay;
    char bMonth;
    char bYear;
    JET_EXTENSION union
    {
        char bFiller1;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint8_t fTimeIsUTC : 1;
            JET_EXTENSION uint8_t bMillisecondsLow : 7;
        };
    };
    JET_EXTENSION union
    {
        char bFiller2;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint8_t fOSSnapshot : 1;
            JET_EXTENSION uint8_t bMillisecondsHigh : 3;
            JET_EXTENSION uint8_t fReserved : 4;
        };
    };
} JET_BKLOGTIME;
#pragma pack(pop)
#endif

#pragma pack(push, 1)
typedef struct JET_LGPOS
{
    uint16_t ib;
    uint16_t isec;
    int32_t lGeneration;
} JET_LGPOS;
#pragma pack(pop)

#pragma pack(push, 1)
typedef struct JET_BKINFO
{
    JET_LGPOS lgposMark;
    JET_EXTENSION union
    {
        JET_LOGTIME logtimeMark;
#if ( JET_VERSION >= 0x0600 )
        JET_BKLOGTIME bklogtimeMark;
#endif
    };
    uint32_t genLow;
    uint32_t genHigh;
} JET_BKINFO;
#pragma pack(pop)

typedef struct tagCONVERT_A
{
    char *szOldDll;
    JET_EXTENSION union
    {
        uint32_t fFlags;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint32_t fSchemaChangesOnly : 1;
        };
    };
} JET_CONVERT_A;

typedef struct tagCONVERT_W
{
    WCHAR *szOldDll;
    JET_EXTENSION union
    {
        uint32_t fFlags;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint32_t fSchemaChangesOnly : 1;
        };
    };
} JET_CONVERT_W;
#ifdef JET_UNICODE
#define JET_CONVERT JET_CONVERT_W
#else
#define JET_CONVERT JET_CONVERT_A
#endif

typedef struct JET_DBINFOUPGRADE
{
    uint32_t cbStruct;
    uint32_t cbFilesizeLow;
    uint32_t cbFilesizeHigh;
    uint32_t cbFreeSpaceRequiredLow;
    uint32_t cbFreeSpaceRequiredHigh;
    uint32_t csecToUpgrade;
    JET_EXTENSION union
    {
        uint32_t ulFlags;
        JET_EXTENSION struct
        {
            JET_EXTENSION uint32_t fUpgradable : 1;
            JET_EXTENSION uint32_t fAlreadyUpgraded : 1;
        };
    };
} JET_DBINFOUPGRADE;

typedef struct JET_DBINFOMISC
{
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
} JET_DBINFOMISC;

#if ( JET_VERSION >= 0x0600 )
typedef struct JET_DBINFOMISC2
{
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
} JET_DBINFOMISC2;
#endif

#if ( JET_VERSION >= 0x0601 )
typedef struct JET_DBINFOMISC3
{
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
} JET_DBINFOMISC3;

typedef struct JET_DBINFOMISC4
{
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
    JET_BKINFO bkinfoCopyPrev;
    JET_BKINFO bkinfoDiffPrev;
} JET_DBINFOMISC4;
#endif

typedef struct tagJET_INDEXID
{
    uint32_t cbStruct;
    uint8_t rgbIndexId[sizeof(JET_API_PTR) + 8];
} JET_INDEXID;

typedef struct JET_OBJECTINFO
{
    uint32_t cbStruct;
    JET_OBJTYP objtyp;
    JET_DATESERIAL dtCreate;
    JET_DATESERIAL dtUpdate;
    JET_GRBIT grbit;
    uint32_t flags;
    uint32_t cRecord;
    uint32_t cPage;
} JET_OBJECTINFO;

typedef struct JET_OBJECTLIST
{
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidcontainername;
    JET_COLUMNID columnidobjectname;
    JET_COLUMNID columnidobjtyp;
    JET_COLUMNID columniddtCreate;
    JET_COLUMNID columniddtUpdate;
    JET_COLUMNID columnidgrbit;
    JET_COLUMNID columnidflags;
    JET_COLUMNID columnidcRecord;
    JET_COLUMNID columnidcPage;
} JET_OBJECTLIST;

typedef struct JET_COLUMNLIST
{
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidPresentationOrder;
    JET_COLUMNID columnidcolumnname;
    JET_COLUMNID columnidcolumnid;
    JET_COLUMNID columnidcoltyp;
    JET_COLUMNID columnidCountry;
    JET_COLUMNID columnidLangid;
    JET_COLUMNID columnidCp;
    JET_COLUMNID columnidCollate;
    JET_COLUMNID columnidcbMax;
    JET_COLUMNID columnidgrbit;
    JET_COLUMNID columnidDefault;
    JET_COLUMNID columnidBaseTableName;
    JET_COLUMNID columnidBaseColumnName;
    JET_COLUMNID columnidDefinitionName;
} JET_COLUMNLIST;

typedef struct JET_COLUMNBASE_A
{
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wFiller;
    uint32_t cbMax;
    JET_GRBIT grbit;
    char szBaseTableName[256];
    char szBaseColumnName[256];
} JET_COLUMNBASE_A;

typedef struct JET_COLUMNBASE_W
{
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wFiller;
    uint32_t cbMax;
    JET_GRBIT grbit;
    WCHAR szBaseTableName[256];
    WCHAR szBaseColumnName[256];
} JET_COLUMNBASE_W;
#ifdef JET_UNICODE
#define JET_COLUMNBASE JET_COLUMNBASE_W
#else
#define JET_COLUMNBASE JET_COLUMNBASE_A
#endif

typedef struct JET_INDEXLIST
{
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidindexname;
    JET_COLUMNID columnidgrbitIndex;
    JET_COLUMNID columnidcKey;
    JET_COLUMNID columnidcEntry;
    JET_COLUMNID columnidcPage;
    JET_COLUMNID columnidcColumn;
    JET_COLUMNID columnidiColumn;
    JET_COLUMNID columnidcolumnid;
    JET_COLUMNID columnidcoltyp;
    JET_COLUMNID columnidCountry;
    JET_COLUMNID columnidLangid;
    JET_COLUMNID columnidCp;
    JET_COLUMNID columnidCollate;
    JET_COLUMNID columnidgrbitColumn;
    JET_COLUMNID columnidcolumnname;
    JET_COLUMNID columnidLCMapFlags;
} JET_INDEXLIST;

typedef struct JET_RECORDLIST
{
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidBookmark;
} JET_RECORDLIST;

typedef struct JET_COLUMNDEF
{
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wCollate;
    uint32_t cbMax;
    JET_GRBIT grbit;
} JET_COLUMNDEF;

typedef struct tag_JET_COLUMNCREATE_A
{
    uint32_t cbStruct;
    char *szColumnName;
    JET_COLTYP coltyp;
    uint32_t cbMax;
    JET_GRBIT grbit;
    void *pvDefault;
    uint32_t cbDefault;
    uint32_t cp;
    JET_COLUMNID columnid;
    JET_ERR err;
} JET_COLUMNCREATE_A;

typedef struct tag_JET_COLUMNCREATE_W
{
    uint32_t cbStruct;
    WCHAR *szColumnName;
    JET_COLTYP coltyp;
    uint32_t cbMax;
    JET_GRBIT grbit;
    void *pvDefault;
    uint32_t cbDefault;
    uint32_t cp;
    JET_COLUMNID columnid;
    JET_ERR err;
} JET_COLUMNCREATE_W;
#ifdef JET_UNICODE
#define JET_COLUMNCREATE JET_COLUMNCREATE_W
#else
#define JET_COLUMNCREATE JET_COLUMNCREATE_A
#endif

#if ( JET_VERSION >= 0x0501 )
typedef struct tag_JET_USERDEFINEDDEFAULT_A
{
    char *szCallback;
    uint8_t *pbUserData;
    uint32_t cbUserData;
    char *szDependantColumns;
} JET_USERDEFINEDDEFAULT_A;

typedef struct tag_JET_USERDEFINEDDEFAULT_W
{
    WCHAR *szCallback;
    uint8_t *pbUserData;
    uint32_t cbUserData;
    WCHAR *szDependantColumns;
} JET_USERDEFINEDDEFAULT_W;
#ifdef JET_UNICODE
#define JET_USERDEFINEDDEFAULT JET_USERDEFINEDDEFAULT_W
#else
#define JET_USERDEFINEDDEFAULT JET_USERDEFINEDDEFAULT_A
#endif
#endif

typedef struct tagJET_CONDITIONALCOLUMN_A
{
    uint32_t cbStruct;
    char *szColumnName;
    JET_GRBIT grbit;
} JET_CONDITIONALCOLUMN_A;

typedef struct tagJET_CONDITIONALCOLUMN_W
{
    uint32_t cbStruct;
    WCHAR *szColumnName;
    JET_GRBIT grbit;
} JET_CONDITIONALCOLUMN_W;
#ifdef JET_UNICODE
#define JET_CONDITIONALCOLUMN JET_CONDITIONALCOLUMN_W
#else
#define JET_CONDITIONALCOLUMN JET_CONDITIONALCOLUMN_A
#endif

typedef struct tagJET_UNICODEINDEX
{
    uint32_t lcid;
    uint32_t dwMapFlags;
} JET_UNICODEINDEX;

#if ( JET_VERSION >= 0x0602 )
typedef struct tagJET_UNICODEINDEX2
{
    WCHAR *szLocaleName;
    uint32_t dwMapFlags;
} JET_UNICODEINDEX2;
#endif

#if ( JET_VERSION >= 0x0502 )
typedef struct tagJET_TUPLELIMITS
{
    uint32_t chLengthMin;
    uint32_t chLengthMax;
    uint32_t chToIndexMax;
#if ( JET_VERSION >= 0x0600 )
    uint32_t cchIncrement;
    uint32_t ichStart;
#endif
} JET_TUPLELIMITS;
#endif

#if ( JET_VERSION >= 0x0601 )
typedef struct tagJET_SPACEHINTS
{
    uint32_t cbStruct;
    uint32_t ulInitialDensity;
    uint32_t cbInitial;
    JET_GRBIT grbit;
    uint32_t ulMaintDensity;
    uint32_t ulGrowth;
    uint32_t cbMinExtent;
    uint32_t cbMaxExtent;
} JET_SPACEHINTS;
#endif

typedef struct tagJET_INDEXCREATE_A
{
    uint32_t cbStruct;
    char *szIndexName;
    char *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_EXTENSION union
    {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    JET_EXTENSION union
    {
        uint32_t cbVarSegMac;
#if ( JET_VERSION >= 0x0502 )
        JET_TUPLELIMITS *ptuplelimits;
#endif
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
#if ( JET_VERSION >= 0x0600 )
    uint32_t cbKeyMost;
#endif
} JET_INDEXCREATE_A;

typedef struct tagJET_INDEXCREATE_W
{
    uint32_t cbStruct;
    WCHAR *szIndexName;
    WCHAR *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_EXTENSION union
    {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    JET_EXTENSION union
    {
        uint32_t cbVarSegMac;
#if ( JET_VERSION >= 0x0502 )
        JET_TUPLELIMITS *ptuplelimits;
#endif
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
#if ( JET_VERSION >= 0x0600 )
    uint32_t cbKeyMost;
#endif
} JET_INDEXCREATE_W;
#ifdef JET_UNICODE
#define JET_INDEXCREATE JET_INDEXCREATE_W
#else
#define JET_INDEXCREATE JET_INDEXCREATE_A
#endif

#if ( JET_VERSION >= 0x0601 )
typedef struct tagJET_INDEXCREATE2_A
{
    uint32_t cbStruct;
    char *szIndexName;
    char *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_EXTENSION union
    {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    JET_EXTENSION union
    {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE2_A;

typedef struct tagJET_INDEXCREATE2_W
{
    uint32_t cbStruct;
    WCHAR *szIndexName;
    WCHAR *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_EXTENSION union
    {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    JET_EXTENSION union
    {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE2_W;
#ifdef JET_UNICODE
#define JET_INDEXCREATE2 JET_INDEXCREATE2_W
#else
#define JET_INDEXCREATE2 JET_INDEXCREATE2_A
#endif
#endif

#if ( JET_VERSION >= 0x0602 )
typedef struct tagJET_INDEXCREATE3_A
{
    uint32_t cbStruct;
    char *szIndexName;
    char *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_UNICODEINDEX2 *pidxunicode;
    JET_EXTENSION union
    {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE3_A;

typedef struct tagJET_INDEXCREATE3_W
{
    uint32_t cbStruct;
    WCHAR *szIndexName;
    WCHAR *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_UNICODEINDEX2 *pidxunicode;
    JET_EXTENSION union
    {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE3_W;
#ifdef JET_UNICODE
#define JET_INDEXCREATE3 JET_INDEXCREATE3_W
#else
#define JET_INDEXCREATE3 JET_INDEXCREATE3_A
#endif
#endif

typedef struct tagJET_TABLECREATE_A
{
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_A *rgindexcreate;
    uint32_t cIndexes;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE_A;

typedef struct tagJET_TABLECREATE_W
{
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_W *rgindexcreate;
    uint32_t cIndexes;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE_W;
#ifdef JET_UNICODE
#define JET_TABLECREATE JET_TABLECREATE_W
#else
#define JET_TABLECREATE JET_TABLECREATE_A
#endif

#if ( JET_VERSION >= 0x0501 )
typedef struct tagJET_TABLECREATE2_A
{
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_A *rgindexcreate;
    uint32_t cIndexes;
    char *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE2_A;

typedef struct tagJET_TABLECREATE2_W
{
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_W *rgindexcreate;
    uint32_t cIndexes;
    WCHAR *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE2_W;
#ifdef JET_UNICODE
#define JET_TABLECREATE2 JET_TABLECREATE2_W
#else
#define JET_TABLECREATE2 JET_TABLECREATE2_A
#endif
#endif

#if ( JET_VERSION >= 0x0601 )
typedef struct tagJET_TABLECREATE3_A
{
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE2_A *rgindexcreate;
    uint32_t cIndexes;
    char *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE3_A;

typedef struct tagJET_TABLECREATE3_W
{
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE2_W *rgindexcreate;
    uint32_t cIndexes;
    WCHAR *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE3_W;
#ifdef JET_UNICODE
#define JET_TABLECREATE3 JET_TABLECREATE3_W
#else
#define JET_TABLECREATE3 JET_TABLECREATE3_A
#endif
#endif

#if ( JET_VERSION >= 0x0602 )
typedef struct tagJET_TABLECREATE4_A
{
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE3_A *rgindexcreate;
    uint32_t cIndexes;
    char *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE4_A;

typedef struct tagJET_TABLECREATE4_W
{
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE3_W *rgindexcreate;
    uint32_t cIndexes;
    WCHAR *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE4_W;
#ifdef JET_UNICODE
#define JET_TABLECREATE4 JET_TABLECREATE4_W
#else
#define JET_TABLECREATE4 JET_TABLECREATE4_A
#endif
#endif

#if ( JET_VERSION >= 0x0600 )
typedef struct tagJET_OPENTEMPORARYTABLE
{
    uint32_t cbStruct;
    const JET_COLUMNDEF *prgcolumndef;
    uint32_t ccolumn;
    JET_UNICODEINDEX *pidxunicode;
    JET_GRBIT grbit;
    JET_COLUMNID *prgcolumnid;
    uint32_t cbKeyMost;
    uint32_t cbVarSegMac;
    JET_TABLEID tableid;
} JET_OPENTEMPORARYTABLE;
#endif

#if ( JET_VERSION >= 0x0602 )
typedef struct tagJET_OPENTEMPORARYTABLE2
{
    uint32_t cbStruct;
    const JET_COLUMNDEF *prgcolumndef;
    uint32_t ccolumn;
    JET_UNICODEINDEX2 *pidxunicode;
    JET_GRBIT grbit;
    JET_COLUMNID *prgcolumnid;
    uint32_t cbKeyMost;
    uint32_t cbVarSegMac;
    JET_TABLEID tableid;
} JET_OPENTEMPORARYTABLE2;
#endif

typedef struct JET_RETINFO
{
    uint32_t cbStruct;
    uint32_t ibLongValue;
    uint32_t itagSequence;
    JET_COLUMNID columnidNextTagged;
} JET_RETINFO;

typedef struct JET_SETINFO
{
    uint32_t cbStruct;
    uint32_t ibLongValue;
    uint32_t itagSequence;
} JET_SETINFO;

typedef struct JET_SETCOLUMN
{
    JET_COLUMNID columnid;
    const void *pvData;
    uint32_t cbData;
    JET_GRBIT grbit;
    uint32_t ibLongValue;
    uint32_t itagSequence;
    JET_ERR err;
} JET_SETCOLUMN;

typedef struct JET_RETRIEVECOLUMN
{
    JET_COLUMNID columnid;
    void *pvData;
    uint32_t cbData;
    uint32_t cbActual;
    JET_GRBIT grbit;
    uint32_t ibLongValue;
    uint32_t itagSequence;
    JET_COLUMNID columnidNextTagged;
    JET_ERR err;
} JET_RETRIEVECOLUMN;

#if ( JET_VERSION >= 0x0501 )
typedef struct JET_ENUMCOLUMNID
{
    JET_COLUMNID columnid;
    uint32_t ctagSequence;
    uint32_t *rgtagSequence;
} JET_ENUMCOLUMNID;

typedef struct JET_ENUMCOLUMNVALUE
{
    uint32_t itagSequence;
    JET_ERR err;
    uint32_t cbData;
    void *pvData;
} JET_ENUMCOLUMNVALUE;

typedef struct JET_ENUMCOLUMN
{
    JET_COLUMNID columnid;
    JET_ERR err;
    JET_EXTENSION union
    {
        JET_EXTENSION struct
        {
            uint32_t cEnumColumnValue;
            JET_ENUMCOLUMNVALUE *rgEnumColumnValue;
        };
        JET_EXTENSION struct
        {
            uint32_t cbData;
            void *pvData;
        };
    };
} JET_ENUMCOLUMN;
#endif

#if ( JET_VERSION >= 0x0600 )
typedef struct JET_RECSIZE
{
    uint64_t cbData;
    uint64_t cbLongValueData;
    uint64_t cbOverhead;
    uint64_t cbLongValueOverhead;
    uint64_t cNonTaggedColumns;
    uint64_t cTaggedColumns;
    uint64_t cLongValues;
    uint64_t cMultiValues;
} JET_RECSIZE;
#endif

#if ( JET_VERSION >= 0x0601 )
typedef struct JET_RECSIZE2
{
    uint64_t cbData;
    uint64_t cbLongValueData;
    uint64_t cbOverhead;
    uint64_t cbLongValueOverhead;
    uint64_t cNonTaggedColumns;
    uint64_t cTaggedColumns;
    uint64_t cLongValues;
    uint64_t cMultiValues;
    uint64_t cCompressedColumns;
    uint64_t cbDataCompressed;
    uint64_t cbLongValueDataCompressed;
} JET_RECSIZE2;
#endif

typedef struct JET_RECPOS
{
    uint32_t cbStruct;
    uint32_t centriesLT;
    uint32_t centriesInRange;
    uint32_t centriesTotal;
} JET_RECPOS;

typedef struct JET_RECPOS2
{
    uint32_t cbStruct;
    uint32_t centriesLTDeprecated;
    uint32_t centriesInRangeDeprecated;
    uint32_t centriesTotalDeprecated;
    uint64_t centriesLT;
    uint64_t centriesTotal;
} JET_RECPOS2;

typedef struct JET_INDEXRANGE
{
    uint32_t cbStruct;
    JET_TABLEID tableid;
    JET_GRBIT grbit;
} JET_INDEXRANGE;

#if ( JET_VERSION >= 0x0602 )
typedef struct JET_INDEX_COLUMN
{
    JET_COLUMNID columnid;
    JET_RELOP relop;
    void *pv;
    uint32_t cb;
    JET_GRBIT grbit;
} JET_INDEX_COLUMN;

typedef struct JET_INDEX_RANGE
{
    JET_INDEX_COLUMN *rgStartColumns;
    uint32_t cStartColumns;
    JET_INDEX_COLUMN *rgEndColumns;
    uint32_t cEndColumns;
} JET_INDEX_RANGE;
#endif

typedef struct JET_SNPROG
{
    uint32_t cbStruct;
    uint32_t cunitDone;
    uint32_t cunitTotal;
} JET_SNPROG;

#if ( JET_VERSION >= 0x0600 )
typedef struct JET_THREADSTATS
{
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
} JET_THREADSTATS;
#endif

#if ( JET_VERSION >= 0x0A00 )
typedef struct JET_THREADSTATS2
{
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
    uint64_t cusecPageCacheMiss;
    uint32_t cPageCacheMiss;
} JET_THREADSTATS2;
#endif

#if ( JET_VERSION >= 0x0A01 )
typedef struct JET_THREADSTATS3
{
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
    uint64_t cusecPageCacheMiss;
    uint32_t cPageCacheMiss;
    uint32_t cSeparatedLongValueRead;
    uint64_t cusecLongValuePageCacheMiss;
    uint32_t cLongValuePageCacheMiss;
} JET_THREADSTATS3;
#endif

#if ( JET_VERSION >= 0x0602 )
typedef struct JET_ERRINFOBASIC_W
{
    uint32_t cbStruct;
    JET_ERR errValue;
    JET_ERRCAT errcatMostSpecific;
    uint8_t rgCategoricalHierarchy[8];
    uint32_t lSourceLine;
    WCHAR rgszSourceFile[64];
} JET_ERRINFOBASIC_W;
#ifdef JET_UNICODE
#define JET_ERRINFOBASIC JET_ERRINFOBASIC_W
#endif
#endif

#if ( JET_VERSION >= 0x0A00 )
typedef struct JET_OPERATIONCONTEXT
{
    uint32_t ulUserID;
    uint8_t nOperationID;
    uint8_t nOperationType;
    uint8_t nClientType;
    uint8_t fFlags;
} JET_OPERATIONCONTEXT;
#endif

#if ( JET_VERSION >= 0x0501 )
typedef struct JET_SETSYSPARAM_A
{
    uint32_t paramid;
    JET_API_PTR lParam;
    const char *sz;
    JET_ERR err;
} JET_SETSYSPARAM_A;

typedef struct JET_SETSYSPARAM_W
{
    uint32_t paramid;
    JET_API_PTR lParam;
    const WCHAR *sz;
    JET_ERR err;
} JET_SETSYSPARAM_W;
#ifdef JET_UNICODE
#define JET_SETSYSPARAM JET_SETSYSPARAM_W
#else
#define JET_SETSYSPARAM JET_SETSYSPARAM_A
#endif

typedef struct _JET_INSTANCE_INFO_A
{
    JET_INSTANCE hInstanceId;
    char *szInstanceName;
    JET_API_PTR cDatabases;
    char **szDatabaseFileName;
    char **szDatabaseDisplayName;
    char **szDatabaseSLVFileName_Obsolete;
} JET_INSTANCE_INFO_A;

typedef struct _JET_INSTANCE_INFO_W
{
    JET_INSTANCE hInstanceId;
    WCHAR *szInstanceName;
    JET_API_PTR cDatabases;
    WCHAR **szDatabaseFileName;
    WCHAR **szDatabaseDisplayName;
    WCHAR **szDatabaseSLVFileName_Obsolete;
} JET_INSTANCE_INFO_W;
#ifdef JET_UNICODE
#define JET_INSTANCE_INFO JET_INSTANCE_INFO_W
#else
#define JET_INSTANCE_INFO JET_INSTANCE_INFO_A
#endif
#endif

typedef struct JET_RSTMAP_A
{
    char *szDatabaseName;
    char *szNewDatabaseName;
} JET_RSTMAP_A;

typedef struct JET_RSTMAP_W
{
    WCHAR *szDatabaseName;
    WCHAR *szNewDatabaseName;
} JET_RSTMAP_W;
#ifdef JET_UNICODE
#define JET_RSTMAP JET_RSTMAP_W
#else
#define JET_RSTMAP JET_RSTMAP_A
#endif

#if ( JET_VERSION >= 0x0600 )
typedef struct JET_RSTINFO_A
{
    uint32_t cbStruct;
    JET_RSTMAP_A *rgrstmap;
    int32_t crstmap;
    JET_LGPOS lgposStop;
    JET_LOGTIME logtimeStop;
    JET_PFNSTATUS pfnStatus;
} JET_RSTINFO_A;

typedef struct JET_RSTINFO_W
{
    uint32_t cbStruct;
    JET_RSTMAP_W *rgrstmap;
    int32_t crstmap;
    JET_LGPOS lgposStop;
    JET_LOGTIME logtimeStop;
    JET_PFNSTATUS pfnStatus;
} JET_RSTINFO_W;
#ifdef JET_UNICODE
#define JET_RSTINFO JET_RSTINFO_W
#else
#define JET_RSTINFO JET_RSTINFO_A
#endif
#endif

#if ( JET_VERSION >= 0x0501 )
typedef struct JET_LOGINFO_A
{
    uint32_t cbSize;
    uint32_t ulGenLow;
    uint32_t ulGenHigh;
    char szBaseName[4];
} JET_LOGINFO_A;

typedef struct JET_LOGINFO_W
{
    uint32_t cbSize;
    uint32_t ulGenLow;
    uint32_t ulGenHigh;
    WCHAR szBaseName[4];
} JET_LOGINFO_W;
#ifdef JET_UNICODE
#define JET_LOGINFO JET_LOGINFO_W
#else
#define JET_LOGINFO JET_LOGINFO_A
#endif
#endif

/* ---- Constants ---- */

/* Config store value CsReadControl */

#define JET_bitConfigStoreReadControlInhibitRead 0x00000001u /* Pause reading the store */
#define JET_bitConfigStoreReadControlDisableAll 0x00000002u /* Do not use the store */
#define JET_bitConfigStoreReadControlDefault 0x00000000u /* Default behaviour */

/* JetDefragment, JetDefragment2, JetDefragment3 */

#define JET_bitDefragmentBatchStart 0x00000001u /* Start online defrag */
#define JET_bitDefragmentBatchStop 0x00000002u /* Stop online defrag */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitDefragmentAvailSpaceTreesOnly 0x00000040u /* Only free-space trees */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitDefragmentNoPartialMerges 0x00000080u /* No partial page merges */
#define JET_bitDefragmentBTree 0x00000100u /* Defragment one table's trees */
#endif

/* JET_OBJECTINFO.grbit */

#define JET_bitTableInfoUpdatable 0x00000001u /* Records may be changed */
#define JET_bitTableInfoBookmark 0x00000002u /* Bookmarks work */
#define JET_bitTableInfoRollback 0x00000004u /* Rollback works */

/* JET_OBJECTINFO.flags */

#define JET_bitObjectSystem 0x80000000u /* System object */
#define JET_bitObjectTableFixedDDL 0x40000000u /* Schema frozen */
#define JET_bitObjectTableTemplate 0x20000000u /* Template table */
#define JET_bitObjectTableDerived 0x10000000u /* Derived from a template */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitObjectTableNoFixedVarColumnsInDerivedTables 0x04000000u /* Derived tables may add only tagged columns */
#endif

/* JET_PFNDURABLECOMMITCALLBACK grbit */

#if ( JET_VERSION >= 0x0A00 )
#define JET_bitDurableCommitCallbackLogUnavailable 0x00000001u /* Log is down; pending commits will not become durable */
#endif

/* Generic */

#define JET_bitNil 0x00000000u /* No flags */

/* JET_paramLegacyFileNames */

#if ( JET_VERSION >= 0x0600 )
#define JET_bitESE98FileNames 0x00000001u /* Use .log and .chk instead of .jtx and .jcp */
#define JET_bitEightDotThreeSoftCompat 0x00000002u /* Keep 5-digit log numbers as long as they suffice */
#endif

/* JET_paramHungIOActions */

#define JET_bitHungIOEvent 0x00000001u /* Write an event */

/* JET_paramEnableShrinkDatabase */

#if ( JET_VERSION >= 0x0603 )
#define JET_bitShrinkDatabaseOff 0x00000000u /* No shrinking */
#define JET_bitShrinkDatabaseOn 0x00000001u /* Shrinking and trimming allowed */
#define JET_bitShrinkDatabaseRealtime 0x00000002u /* Give space back as it is freed */
#define JET_bitShrinkDatabaseTrim 0x00000001u /* Old name of JET_bitShrinkDatabaseOn */
#endif

/* JetInit2, JetInit3, JetInit4 */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitReplayIgnoreMissingDB 0x00000004u /* Recover although databases are absent (dangerous) */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_bitRecoveryWithoutUndo 0x00000008u /* Stop recovery before undo */
#define JET_bitTruncateLogsAfterRecovery 0x00000010u /* Delete logs after clean recovery */
#define JET_bitReplayMissingMapEntryDB 0x00000020u /* Databases without map entry keep their recorded path */
#define JET_bitLogStreamMustExist 0x00000040u /* Fail instead of starting a new log stream */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitReplayIgnoreLostLogs 0x00000080u /* Accept loss of the last committed logs */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_bitKeepDbAttachedAtEndOfRecovery 0x00001000u /* Leave databases attached after recovery */
#endif

/* JetTerm2 */

#define JET_bitTermComplete 0x00000001u /* Orderly end; version cleanup is finished first */
#define JET_bitTermAbrupt 0x00000002u /* Fast end without version cleanup (JetTerm uses it) */
#define JET_bitTermStopBackup 0x00000004u /* End a running backup */
#if ( JET_VERSION >= 0x0601 )
#define JET_bitTermDirty 0x00000008u /* Do not flush; databases stay dirty */
#endif

/* JetIdle */

#define JET_bitIdleFlushBuffers 0x00000001u /* Legacy; JetIdle refuses it with JET_errInvalidGrbit */
#define JET_bitIdleCompact 0x00000002u /* Clean the version store */
#define JET_bitIdleStatus 0x00000004u /* Report whether the version store is large */

/* JetAttachDatabase*, JetOpenDatabase */

#define JET_bitDbReadOnly 0x00000001u /* Read-only */
#define JET_bitDbExclusive 0x00000002u /* Only one session may open it */
#define JET_bitDbDeleteCorruptIndexes 0x00000010u /* Drop indexes with outdated sort order */
#if ( JET_VERSION >= 0x0502 )
#define JET_bitDbDeleteUnicodeIndexes 0x00000400u /* Drop all indexes over Unicode columns */
#endif
#if ( JET_VERSION >= 0x0501 )
#define JET_bitDbUpgrade 0x00000200u /* Convert an older format */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitDbEnableBackgroundMaintenance 0x00000800u /* Run the background checksum scan */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_bitDbPurgeCacheOnAttach 0x00001000u /* Forget cached pages of this file first */
#endif

/* JetDetachDatabase2 */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitForceDetach 0x00000001u /* Detach although normal detach failed */
#define JET_bitForceCloseAndDetach 0x00000003u /* Close sessions' use and force detach */
#endif

/* JetCreateDatabase* */

#define JET_bitDbRecoveryOff 0x00000008u /* Not logged, not recoverable */
#define JET_bitDbShadowingOff 0x00000080u /* No catalog shadow (mirror) */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitDbOverwriteExisting 0x00000200u /* Replace an existing file */
#endif

/* JetBackup*, JetBeginExternalBackup*, JetBeginSurrogateBackup */

#define JET_bitBackupIncremental 0x00000001u /* Logs only */
#define JET_bitBackupAtomic 0x00000004u /* Full backup into the target replacing the older one only at the end */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitBackupSnapshot 0x00000010u /* Snapshot backup */
#endif

/* JetEndExternalBackupInstance2, JetEndSurrogateBackup */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitBackupEndNormal 0x00000001u /* Backup finished well */
#define JET_bitBackupEndAbort 0x00000002u /* Backup failed */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_bitBackupTruncateDone 0x00000100u /* Logs were truncated */
#endif

/* JET_TABLECREATE*.grbit */

#define JET_bitTableCreateFixedDDL 0x00000001u /* Schema frozen after creation */
#define JET_bitTableCreateTemplateTable 0x00000002u /* Table is a template */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitTableCreateNoFixedVarColumnsInDerivedTables 0x00000004u /* Derived tables may add only tagged columns */
#endif
#if ( JET_VERSION >= 0x0A00 )
#define JET_bitTableCreateImmutableStructure 0x00000008u /* Do not write results into the structures */
#endif

/* JET_COLUMNDEF/JET_COLUMNCREATE grbit */

#define JET_bitColumnFixed 0x00000001u /* Stored in the fixed area */
#define JET_bitColumnTagged 0x00000002u /* Stored as tagged column */
#define JET_bitColumnNotNULL 0x00000004u /* Null forbidden */
#define JET_bitColumnVersion 0x00000008u /* Counter raised on every update */
#define JET_bitColumnAutoincrement 0x00000010u /* Automatic number */
#define JET_bitColumnUpdatable 0x00000020u /* Info only: may be set */
#define JET_bitColumnTTKey 0x00000040u /* Temp table: part of the sort key */
#define JET_bitColumnTTDescending 0x00000080u /* Temp table: key part descends */
#define JET_bitColumnMultiValued 0x00000400u /* May hold several values */
#define JET_bitColumnEscrowUpdate 0x00000800u /* Long/LongLong counter changed by JetEscrowUpdate */
#define JET_bitColumnUnversioned 0x00001000u /* Add column without versioning */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitColumnMaybeNull 0x00002000u /* Info for outer joins */
#define JET_bitColumnFinalize 0x00004000u /* Obsolete */
#define JET_bitColumnUserDefinedDefault 0x00008000u /* Default is computed by a callback */
#endif
#if ( JET_VERSION >= 0x0502 )
#define JET_bitColumnDeleteOnZero 0x00020000u /* Escrow column at zero deletes the record */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitColumnCompressed 0x00080000u /* Value may be compressed */
#endif

/* JetDeleteColumn2 */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitDeleteColumnIgnoreTemplateColumns 0x00000001u /* Look only at the derived table's own columns */
#endif

/* JetSetCurrentIndex2..4 (and JetMove start position) */

#define JET_bitMoveFirst 0x00000000u /* Go to the first entry */
#define JET_bitNoMove 0x00000002u /* Keep the current record */

/* JetMakeKey */

#define JET_bitNewKey 0x00000001u /* Start a new key */
#define JET_bitStrLimit 0x00000002u /* Wildcard: key ends above all following key values */
#define JET_bitSubStrLimit 0x00000004u /* Wildcard: key ends above all strings starting with the value */
#define JET_bitNormalizedKey 0x00000008u /* Data is already a complete key */
#define JET_bitKeyDataZeroLength 0x00000010u /* Column value is present with length 0 */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitFullColumnStartLimit 0x00000100u /* Limit key before all entries that match the columns given */
#define JET_bitFullColumnEndLimit 0x00000200u /* Limit key after all entries that match the columns given */
#define JET_bitPartialColumnStartLimit 0x00000400u /* As above but the last column is a prefix (start) */
#define JET_bitPartialColumnEndLimit 0x00000800u /* As above but the last column is a prefix (end) */
#endif

/* JetSetIndexRange */

#define JET_bitRangeInclusive 0x00000001u /* Limit belongs to the range */
#define JET_bitRangeUpperLimit 0x00000002u /* Key is the upper limit (forward moves) */
#define JET_bitRangeInstantDuration 0x00000004u /* Only test, leave no range behind */
#define JET_bitRangeRemove 0x00000008u /* Cancel the range */

/* JetGetLock */

#define JET_bitReadLock 0x00000001u /* Read lock until end of transaction */
#define JET_bitWriteLock 0x00000002u /* Write lock until end of transaction */

/* JetMove */

#define JET_bitMoveKeyNE 0x00000001u /* Skip entries with an equal key */

/* JetSeek */

#define JET_bitSeekEQ 0x00000001u /* Equal */
#define JET_bitSeekLT 0x00000002u /* Less */
#define JET_bitSeekLE 0x00000004u /* Less or equal */
#define JET_bitSeekGE 0x00000008u /* Greater or equal */
#define JET_bitSeekGT 0x00000010u /* Greater */
#define JET_bitSetIndexRange 0x00000020u /* Also set a range of all equal keys */
#if ( JET_VERSION >= 0x0502 )
#define JET_bitCheckUniqueness 0x00000040u /* With EQ: report a unique match by warning */
#endif

/* JetGotoSecondaryIndexBookmark */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitBookmarkPermitVirtualCurrency 0x00000001u /* Stand between entries if the entry is gone */
#endif

/* JET_CONDITIONALCOLUMN.grbit */

#define JET_bitIndexColumnMustBeNull 0x00000001u /* Record indexed only if column is null */
#define JET_bitIndexColumnMustBeNonNull 0x00000002u /* Record indexed only if column is not null */

/* JET_INDEXRANGE.grbit */

#define JET_bitRecordInIndex 0x00000001u /* Take records in the range */
#define JET_bitRecordNotInIndex 0x00000002u /* Take records outside (not implemented) */

/* JetCreateIndex*, JET_INDEXCREATE*.grbit */

#define JET_bitIndexUnique 0x00000001u /* Duplicate keys refused */
#define JET_bitIndexPrimary 0x00000002u /* Primary (clustered) index */
#define JET_bitIndexDisallowNull 0x00000004u /* Null key columns refused */
#define JET_bitIndexIgnoreNull 0x00000008u /* All-null keys are left out */
#define JET_bitIndexIgnoreAnyNull 0x00000020u /* Keys with any null are left out */
#define JET_bitIndexIgnoreFirstNull 0x00000040u /* Keys with a null first column are left out */
#define JET_bitIndexLazyFlush 0x00000080u /* Lazy commit of the creation */
#define JET_bitIndexEmpty 0x00000100u /* Do not build; with IgnoreAnyNull on new columns */
#define JET_bitIndexUnversioned 0x00000200u /* Create without versioning (exclusive use) */
#define JET_bitIndexSortNullsHigh 0x00000400u /* Nulls sort last */
#define JET_bitIndexUnicode 0x00000800u /* lcid field is a pointer to sort options */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitIndexTuples 0x00001000u /* Index substrings */
#endif
#if ( JET_VERSION >= 0x0502 )
#define JET_bitIndexTupleLimits 0x00002000u /* cbVarSegMac field points to JET_TUPLELIMITS */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_bitIndexCrossProduct 0x00004000u /* All combinations of several multi-valued columns */
#define JET_bitIndexKeyMost 0x00008000u /* cbKeyMost is given */
#define JET_bitIndexDisallowTruncation 0x00010000u /* Refuse over-long keys */
#define JET_bitIndexNestedTable 0x00020000u /* Multi-values pair up by value number */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_bitIndexDotNetGuid 0x00040000u /* GUIDs in .NET order */
#endif
#if ( JET_VERSION >= 0x0A00 )
#define JET_bitIndexImmutableStructure 0x00080000u /* Do not write results into the structures */
#endif

/* Key definition grbit */

#define JET_bitKeyAscending 0x00000000u /* Ascending */
#define JET_bitKeyDescending 0x00000001u /* Descending */

/* JetOpenTable */

#define JET_bitTableDenyWrite 0x00000001u /* Others may not write */
#define JET_bitTableDenyRead 0x00000002u /* Others may not open */
#define JET_bitTableReadOnly 0x00000004u /* Read-only cursor */
#define JET_bitTableUpdatable 0x00000008u /* Must be updatable */
#define JET_bitTablePermitDDL 0x00000010u /* Change a frozen schema (needs DenyRead) */
#define JET_bitTableNoCache 0x00000020u /* Evict pages early */
#define JET_bitTablePreread 0x00000040u /* Expect pages not cached */
#define JET_bitTableOpportuneRead 0x00000080u /* Read neighbouring leaf pages too */
#define JET_bitTableSequential 0x00008000u /* Expect a full scan */
#define JET_bitTableClassMask 0x001F0000u /* Mask of the statistics class */
#define JET_bitTableClassNone 0x00000000u /* No class */
#define JET_bitTableClass1 0x00010000u /* Statistics class 1 */
#define JET_bitTableClass2 0x00020000u /* Statistics class 2 */
#define JET_bitTableClass3 0x00030000u /* Statistics class 3 */
#define JET_bitTableClass4 0x00040000u /* Statistics class 4 */
#define JET_bitTableClass5 0x00050000u /* Statistics class 5 */
#define JET_bitTableClass6 0x00060000u /* Statistics class 6 */
#define JET_bitTableClass7 0x00070000u /* Statistics class 7 */
#define JET_bitTableClass8 0x00080000u /* Statistics class 8 */
#define JET_bitTableClass9 0x00090000u /* Statistics class 9 */
#define JET_bitTableClass10 0x000A0000u /* Statistics class 10 */
#define JET_bitTableClass11 0x000B0000u /* Statistics class 11 */
#define JET_bitTableClass12 0x000C0000u /* Statistics class 12 */
#define JET_bitTableClass13 0x000D0000u /* Statistics class 13 */
#define JET_bitTableClass14 0x000E0000u /* Statistics class 14 */
#define JET_bitTableClass15 0x000F0000u /* Statistics class 15 */

/* JetSetLS, JetGetLS */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitLSReset 0x00000001u /* Clear after reading */
#define JET_bitLSCursor 0x00000002u /* Per cursor */
#define JET_bitLSTable 0x00000004u /* Per table */
#endif

/* JetSetTableSequential, JetPreread* */

#if ( JET_VERSION >= 0x0601 )
#define JET_bitPrereadForward 0x00000001u /* Ascending */
#define JET_bitPrereadBackward 0x00000002u /* Descending */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_bitPrereadFirstPage 0x00000004u /* Read ahead just one page per long value */
#define JET_bitPrereadNormalizedKey 0x00000008u /* Ranges are given as keys */
#endif

/* JetOpenTempTable*, JetOpenTemporaryTable* */

#define JET_bitTTIndexed 0x00000001u /* Seek allowed */
#define JET_bitTTUnique 0x00000002u /* Equal keys are merged */
#define JET_bitTTUpdatable 0x00000004u /* Replace/delete allowed */
#define JET_bitTTScrollable 0x00000008u /* Backward moves allowed */
#define JET_bitTTSortNullsHigh 0x00000010u /* Nulls sort last */
#define JET_bitTTForceMaterialization 0x00000020u /* Always build a tree */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitTTErrorOnDuplicateInsertion 0x00000020u /* Same bit: duplicate insert fails at once */
#endif
#if ( JET_VERSION >= 0x0502 )
#define JET_bitTTForwardOnly 0x00000040u /* One forward pass, never a tree */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitTTIntrinsicLVsOnly 0x00000080u /* Long values stay in the record */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_bitTTDotNetGuid 0x00000100u /* GUIDs in .NET order */
#endif

/* JetSetColumn, JET_SETCOLUMN.grbit */

#define JET_bitSetAppendLV 0x00000001u /* Append to a long value */
#define JET_bitSetOverwriteLV 0x00000004u /* Overwrite a range of a long value */
#define JET_bitSetSizeLV 0x00000008u /* Only set the length */
#define JET_bitSetZeroLength 0x00000020u /* Zero-length value instead of null */
#define JET_bitSetSeparateLV 0x00000040u /* Force separate storage */
#define JET_bitSetUniqueMultiValues 0x00000080u /* Refuse equal values */
#define JET_bitSetUniqueNormalizedMultiValues 0x00000100u /* Refuse values equal after normalisation */
#if ( JET_VERSION >= 0x0501 )
#define JET_bitSetRevertToDefaultValue 0x00000200u /* Removing the last value restores the default */
#define JET_bitSetIntrinsicLV 0x00000400u /* Must stay in the record */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitSetUncompressed 0x00010000u /* Do not compress */
#define JET_bitSetCompressed 0x00020000u /* Try to compress */
#endif
#if ( JET_VERSION >= 0x0A01 )
#define JET_bitSetContiguousLV 0x00040000u /* Put the value on consecutive pages */
#endif

/* JET_SPACEHINTS.grbit */

#if ( JET_VERSION >= 0x0601 )
#define JET_bitSpaceHintsUtilizeParentSpace 0x00000001u /* Take space from the parent tree */
#define JET_bitCreateHintAppendSequential 0x00000002u /* Grow on appends */
#define JET_bitCreateHintHotpointSequential 0x00000004u /* Grow on hot points */
#define JET_bitRetrieveHintReserve1 0x00000008u /* Ignored */
#define JET_bitRetrieveHintTableScanForward 0x00000010u /* Mostly scanned forward */
#define JET_bitRetrieveHintTableScanBackward 0x00000020u /* Mostly scanned backward */
#define JET_bitRetrieveHintReserve2 0x00000040u /* Ignored */
#define JET_bitRetrieveHintReserve3 0x00000080u /* Ignored */
#define JET_bitDeleteHintTableSequential 0x00000100u /* Deleted in key order */
#endif

/* JetUpdate2 */

#if ( JET_VERSION >= 0x0502 )
#define JET_bitUpdateCheckESE97Compatibility 0x00000001u /* Refuse records too big for the ESE97 format */
#endif

/* JetEscrowUpdate */

#define JET_bitEscrowNoRollback 0x00000001u /* Change is kept on rollback */

/* JetRetrieveColumn(s), JET_RETRIEVECOLUMN.grbit */

#define JET_bitRetrieveCopy 0x00000001u /* From the copy buffer */
#define JET_bitRetrieveFromIndex 0x00000002u /* From the index entry if possible */
#define JET_bitRetrieveFromPrimaryBookmark 0x00000004u /* From the bookmark in the secondary index */
#define JET_bitRetrieveTag 0x00000008u /* Return the value number of the index entry */
#define JET_bitRetrieveNull 0x00000010u /* With column id 0: count nulls too */
#define JET_bitRetrieveIgnoreDefault 0x00000020u /* Do not return defaults */
#if ( JET_VERSION >= 0x0600 )
#define JET_bitRetrieveTuple 0x00000800u /* Return the tuple of the index entry */
#endif

/* JET_INDEX_COLUMN.grbit */

#if ( JET_VERSION >= 0x0602 )
#define JET_bitZeroLength 0x00000001u /* Value has length zero (not null) */
#endif

/* JetEnumerateColumns */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitEnumerateCopy 0x00000001u /* From the copy buffer (same as RetrieveCopy) */
#define JET_bitEnumerateIgnoreDefault 0x00000020u /* Leave defaults out (same as RetrieveIgnoreDefault) */
#define JET_bitEnumeratePresenceOnly 0x00020000u /* Only tell which columns have values */
#define JET_bitEnumerateTaggedOnly 0x00040000u /* Only tagged columns */
#define JET_bitEnumerateCompressOutput 0x00080000u /* Return single values inline */
#endif
#if ( JET_VERSION >= 0x0502 )
#define JET_bitEnumerateIgnoreUserDefinedDefault 0x00100000u /* Leave computed defaults out */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitEnumerateInRecordOnly 0x00200000u /* Only data in the record */
#endif

/* JetGetRecordSize* */

#if ( JET_VERSION >= 0x0600 )
#define JET_bitRecordSizeInCopyBuffer 0x00000001u /* Use the copy buffer */
#define JET_bitRecordSizeRunningTotal 0x00000002u /* Add to the totals */
#define JET_bitRecordSizeLocal 0x00000004u /* Ignore long-value tree */
#endif

/* JetBeginTransaction2, JetBeginTransaction3 */

#if ( JET_VERSION >= 0x0501 )
#define JET_bitTransactionReadOnly 0x00000001u /* No writes will follow */
#endif

/* JetCommitTransaction, JetCommitTransaction2 */

#define JET_bitCommitLazyFlush 0x00000001u /* Return before the log is flushed */
#define JET_bitWaitLastLevel0Commit 0x00000002u /* Wait for this session's last lazy commit */
#if ( JET_VERSION >= 0x0502 )
#define JET_bitWaitAllLevel0Commit 0x00000008u /* Wait for all lazy commits */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitForceNewLog 0x00000010u /* Start a new log file after the commit */
#endif

/* JetRollback */

#define JET_bitRollbackAll 0x00000001u /* Roll back to level 0 */

/* JetOSSnapshotPrepare */

#if ( JET_VERSION >= 0x0600 )
#define JET_bitIncrementalSnapshot 0x00000001u /* Logs only */
#define JET_bitCopySnapshot 0x00000002u /* Copy: no header or log effect */
#define JET_bitContinueAfterThaw 0x00000004u /* Session lives on after thaw until JetOSSnapshotEnd */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_bitExplicitPrepare 0x00000008u /* Instances are named by JetOSSnapshotPrepareInstance */
#endif

/* JetOSSnapshotTruncateLog, JetOSSnapshotTruncateLogInstance */

#if ( JET_VERSION >= 0x0600 )
#define JET_bitAllDatabasesSnapshot 0x00000001u /* Every attached database took part */
#endif

/* JetOSSnapshotEnd */

#if ( JET_VERSION >= 0x0600 )
#define JET_bitAbortSnapshot 0x00000001u /* Snapshot failed */
#endif

/* JetCompact */

#define JET_bitCompactStats 0x00000020u /* Report statistics */
#define JET_bitCompactRepair 0x00000040u /* Tolerate duplicate keys */

/* JetResizeDatabase */

#if ( JET_VERSION >= 0x0602 )
#define JET_bitResizeDatabaseOnlyGrow 0x00000001u /* Never shrink */
#endif
#if ( JET_VERSION >= 0x0603 )
#define JET_bitResizeDatabaseOnlyShrink 0x00000002u /* Never grow */
#endif

/* JetStopServiceInstance2 */

#if ( JET_VERSION >= 0x0602 )
#define JET_bitStopServiceAll 0x00000000u /* Stop everything */
#define JET_bitStopServiceBackgroundUserTasks 0x00000002u /* Stop client-requested background tasks */
#define JET_bitStopServiceQuiesceCaches 0x00000004u /* Write caches out */
#define JET_bitStopServiceResume 0x80000000u /* Undo an earlier partial stop */
#endif

/* JetConfigureProcessForCrashDump */

#if ( JET_VERSION >= 0x0601 )
#define JET_bitDumpMinimum 0x00000001u /* Smallest dump */
#define JET_bitDumpMaximum 0x00000002u /* Largest dump */
#define JET_bitDumpCacheMinimum 0x00000004u /* Few cache pages */
#define JET_bitDumpCacheMaximum 0x00000008u /* Whole cache */
#define JET_bitDumpCacheIncludeDirtyPages 0x00000010u /* Modified pages */
#define JET_bitDumpCacheIncludeCachedPages 0x00000020u /* Valid pages */
#define JET_bitDumpCacheIncludeCorruptedPages 0x00000040u /* Damaged pages */
#define JET_bitDumpCacheNoDecommit 0x00000080u /* Release no pages */
#endif

/* JET_CBTYP */

#if ( JET_VERSION >= 0x0501 )
#define JET_cbtypNull 0 /* no callback */
#define JET_cbtypFinalize 1 /* obsolete: column reached zero */
#define JET_cbtypBeforeInsert 2 /* before a record insert */
#define JET_cbtypAfterInsert 4 /* after a record insert */
#define JET_cbtypBeforeReplace 8 /* before a record replace */
#define JET_cbtypAfterReplace 16 /* after a record replace */
#define JET_cbtypBeforeDelete 32 /* before a record delete */
#define JET_cbtypAfterDelete 64 /* after a record delete */
#define JET_cbtypUserDefinedDefaultValue 128 /* compute a default value */
#define JET_cbtypOnlineDefragCompleted 256 /* online defrag ended */
#define JET_cbtypFreeCursorLS 512 /* release cursor local storage */
#define JET_cbtypFreeTableLS 1024 /* release table local storage */
#endif

/* limits */

#define cObjectInfoCols 9 /* columns of an object list */
#define cColumnInfoCols 14 /* columns of a column list */
#define cIndexInfoCols 15 /* columns of an index list */
#define JET_MAX_COMPUTERNAME_LENGTH 15 /* characters of a computer name in JET_SIGNATURE */
#define JET_cbBookmarkMost 256 /* bookmark size of 255-byte keys (legacy) */
#if ( JET_VERSION >= 0x0601 )
#define JET_cbBookmarkMostMost 2000 /* largest bookmark at any page size */
#endif
#if defined(JET_UNICODE)
#define JET_cbNameMost 128 /* value when JET_UNICODE is defined */
#else
#define JET_cbNameMost 64 /* longest object name in bytes (64 ANSI, 128 with JET_UNICODE) */
#endif
#if defined(JET_UNICODE)
#define JET_cbFullNameMost 510 /* value when JET_UNICODE is defined */
#else
#define JET_cbFullNameMost 255 /* longest dotted name in bytes (255 ANSI, 510 with JET_UNICODE) */
#endif
#define JET_cbColumnLVPageOverhead 82 /* bytes of a page not usable for a long-value chunk (page <= 8 KiB) */
#define JET_cbLVDefaultValueMost 255 /* largest default of a long column */
#define JET_cbColumnMost 255 /* largest value of a non-long column */
#define JET_cbLVColumnMost 2147483647 /* largest long value */
#if ( JET_VERSION >= 0x0601 )
#define JET_cbKeyMostMost 2000 /* largest key at any page size */
#define JET_cbKeyMost32KBytePage 2000 /* largest key, 32 KiB page */
#define JET_cbKeyMost16KBytePage 2000 /* largest key, 16 KiB page */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_cbKeyMost8KBytePage 2000 /* largest key, 8 KiB page */
#define JET_cbKeyMost4KBytePage 1000 /* largest key, 4 KiB page */
#define JET_cbKeyMost2KBytePage 500 /* largest key, 2 KiB page */
#define JET_cbKeyMostMin 255 /* default and smallest key limit */
#endif
#define JET_cbKeyMost 255 /* legacy key limit */
#define JET_cbLimitKeyMost 256 /* legacy limit key size */
#define JET_cbPrimaryKeyMost 255 /* legacy */
#define JET_cbSecondaryKeyMost 255 /* legacy */
#if JET_VERSION < 0x0600
#define JET_ccolKeyMost 12 /* older value */
#else
#define JET_ccolKeyMost 16 /* key columns per index (12 before Vista) */
#endif
#if JET_VERSION < 0x0501
#define JET_ccolMost 32766 /* older value */
#else
#define JET_ccolMost 65248 /* columns per table (0x7FFE before XP) */
#endif
#define JET_ccolFixedMost 127 /* fixed columns per table */
#define JET_ccolVarMost 128 /* variable columns per table */
#define JET_ccolTaggedMost 64993 /* tagged columns per table */
#if ( JET_VERSION >= 0x0501 )
#define JET_BASE_NAME_LENGTH 3 /* characters of the log base name */
#endif

/* nil handles */

#if ( JET_VERSION >= 0x0501 )
#define JET_instanceNil ((JET_INSTANCE)~(JET_API_PTR)0) /* no instance (all ones, pointer width) */
#endif
#define JET_sesidNil ((JET_SESID)~(JET_API_PTR)0) /* no session (all ones) */
#define JET_tableidNil ((JET_TABLEID)~(JET_API_PTR)0) /* no cursor (all ones) */
#define JET_dbidNil 0xFFFFFFFFu /* no database */
#if ( JET_VERSION >= 0x0501 )
#define JET_LSNil ((JET_LS)~(JET_API_PTR)0) /* no local storage (all ones) */
#endif

/* JET_paramEventLoggingLevel */

#if ( JET_VERSION >= 0x0501 )
#define JET_EventLoggingDisable 0 /* no events */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_EventLoggingLevelMin 1 /* fewest events */
#define JET_EventLoggingLevelLow 25 /* few events */
#define JET_EventLoggingLevelMedium 50 /* medium */
#define JET_EventLoggingLevelHigh 75 /* many */
#endif
#if ( JET_VERSION >= 0x0501 )
#define JET_EventLoggingLevelMax 100 /* all events */
#endif

/* JET_paramIOPriority */

#if ( JET_VERSION >= 0x0600 )
#define JET_IOPriorityNormal 0 /* normal */
#define JET_IOPriorityLow 1 /* low */
#endif

/* JET_paramConfiguration */

#if ( JET_VERSION >= 0x0602 )
#define JET_configDefault 1 /* reset everything */
#define JET_configRemoveQuotas 2 /* no quotas */
#define JET_configLowDiskFootprint 4 /* small files */
#define JET_configMediumDiskFootprint 8 /* medium files */
#define JET_configLowMemory 16 /* small memory */
#define JET_configDynamicMediumMemory 32 /* medium memory */
#define JET_configLowPower 64 /* power saving (no effect) */
#define JET_configSSDProfileIO 128 /* SSD settings */
#define JET_configRunSilent 256 /* no events, counters, tracing */
#endif
#if ( JET_VERSION >= 0x0A00 )
#define JET_configUnthrottledMemory 512 /* cache may use most memory */
#define JET_configHighConcurrencyScaling 1024 /* many processors */
#endif

/* JET_sesparam */

#define JET_sesparamCommitDefault 4097 /* default commit flags (4 bytes) */
#if ( JET_VERSION >= 0x0A00 )
#define JET_sesparamTransactionLevel 4099 /* current level (4 bytes, get only) */
#define JET_sesparamOperationContext 4100 /* JET_OPERATIONCONTEXT (8 bytes) */
#define JET_sesparamCorrelationID 4101 /* trace correlation (4 bytes) */
#define JET_sesparamMaxValueInvalid 4111 /* not a parameter */
#endif

/* JetMove cRow */

#define JET_MoveFirst (-2147483647 - 1) /* first (INT_MIN) */
#define JET_MovePrevious (-1) /* previous */
#define JET_MoveNext 1 /* next */
#define JET_MoveLast 2147483647 /* last (INT_MAX) */

/* JetPrepareUpdate prep */

#define JET_prepInsert 0 /* new record */
#define JET_prepReplace 2 /* change, lock taken now */
#define JET_prepCancel 3 /* discard */
#define JET_prepReplaceNoLock 4 /* change, lock taken at update */
#define JET_prepInsertCopy 5 /* new record from the current one */
#if ( JET_VERSION >= 0x0501 )
#define JET_prepInsertCopyDeleteOriginal 7 /* copy with new key, old one deleted */
#endif
#if ( JET_VERSION >= 0x0603 )
#define JET_prepInsertCopyReplaceOriginal 9 /* copy with new key, keeps auto-increment */
#endif

/* JET_paramEnableSqm */

#if ( JET_VERSION >= 0x0603 )
#define JET_sqmDisable 0 /* off */
#define JET_sqmEnable 1 /* on */
#define JET_sqmFromCEIP 2 /* by system opt-in */
#endif

/* JetGetDatabaseInfo/JetGetDatabaseFileInfo */

#define JET_DbInfoFilename 0 /* path (string) */

/* JetGetDatabaseInfo */

#define JET_DbInfoConnect 1 /* connect string (empty) */
#define JET_DbInfoCountry 2 /* country (4 bytes) */
#if ( JET_VERSION >= 0x0501 )
#define JET_DbInfoLCID 3 /* LCID (4 bytes) */
#endif
#define JET_DbInfoLangid 3 /* old name */
#define JET_DbInfoCp 4 /* code page (4 bytes) */
#define JET_DbInfoCollate 5 /* collation (4 bytes) */
#define JET_DbInfoOptions 6 /* open flags (4 bytes) */
#define JET_DbInfoTransactions 7 /* transaction levels supported (4 bytes) */
#define JET_DbInfoVersion 8 /* format version (4 bytes) */
#define JET_DbInfoIsam 9 /* not supported */
#define JET_DbInfoSpaceOwned 11 /* owned pages (4 bytes) */
#define JET_DbInfoSpaceAvailable 12 /* free pages (4 bytes) */

/* both */

#define JET_DbInfoFilesize 10 /* file size: pages (4 bytes) by dbid, bytes (8 bytes) by file name */
#define JET_DbInfoMisc 14 /* JET_DBINFOMISC..7, chosen by buffer size */
#if ( JET_VERSION >= 0x0501 )
#define JET_DbInfoPageSize 17 /* page size (4 bytes) */
#endif
#if ( JET_VERSION >= 0x0603 )
#define JET_DbInfoFilesizeOnDisk 21 /* allocated size, units as Filesize */
#endif

/* JetGetDatabaseFileInfo */

#define JET_DbInfoUpgrade 13 /* JET_DBINFOUPGRADE */
#if ( JET_VERSION >= 0x0501 )
#define JET_DbInfoDBInUse 15 /* BOOL (4 bytes): is the file attached in this process */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_DbInfoFileType 19 /* JET_filetype* (4 bytes) */
#endif

/* JET_dbstate */

#define JET_dbstateJustCreated 1 /* created, never opened cleanly */
#define JET_dbstateDirtyShutdown 2 /* dirty */
#define JET_dbstateCleanShutdown 3 /* clean */
#define JET_dbstateBeingConverted 4 /* being upgraded */
#if ( JET_VERSION >= 0x0501 )
#define JET_dbstateForceDetach 5 /* force-detached */
#endif

/* JET_filetype */

#if ( JET_VERSION >= 0x0600 )
#define JET_filetypeUnknown 0 /* unknown */
#define JET_filetypeDatabase 1 /* database */
#define JET_filetypeLog 3 /* log */
#define JET_filetypeCheckpoint 4 /* checkpoint */
#define JET_filetypeTempDatabase 5 /* temporary database */
#define JET_filetypeFlushMap 7 /* flush map */
#endif

/* JET_COLTYP */

#define JET_coltypNil 0 /* none */
#define JET_coltypBit 1 /* boolean, 1 byte 0x00/0xFF */
#define JET_coltypUnsignedByte 2 /* u8 */
#define JET_coltypShort 3 /* i16 */
#define JET_coltypLong 4 /* i32 */
#define JET_coltypCurrency 5 /* i64 */
#define JET_coltypIEEESingle 6 /* f32 */
#define JET_coltypIEEEDouble 7 /* f64 */
#define JET_coltypDateTime 8 /* f64 days since 1899-12-30 */
#define JET_coltypBinary 9 /* bytes up to 255 */
#define JET_coltypText 10 /* text up to 255 bytes */
#define JET_coltypLongBinary 11 /* bytes up to 2^31-1 */
#define JET_coltypLongText 12 /* text up to 2^31-1 bytes */
#if JET_VERSION < 0x0501
#define JET_coltypMax 13 /* value for that JET_VERSION */
#elif (JET_VERSION >= 0x0501) && (JET_VERSION <= 0x05FF)
#define JET_coltypMax 14 /* value for that JET_VERSION */
#elif (JET_VERSION >= 0x0600) && (JET_VERSION <= 0x0603)
#define JET_coltypMax 18 /* value for that JET_VERSION */
#else
#define JET_coltypMax 19 /* count: 13, 14, 18 or 19 by JET_VERSION */
#endif
#if ( JET_VERSION >= 0x0501 )
#define JET_coltypSLV 13 /* obsolete */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_coltypUnsignedLong 14 /* u32 */
#define JET_coltypLongLong 15 /* i64 */
#define JET_coltypGUID 16 /* 16 bytes */
#define JET_coltypUnsignedShort 17 /* u16 */
#endif
#if ( JET_VERSION >= 0x0A00 )
#define JET_coltypUnsignedLongLong 18 /* u64 (Windows 10) */
#endif

/* JetGetObjectInfo */

#define JET_ObjInfo 0 /* JET_OBJECTINFO with statistics */
#define JET_ObjInfoListNoStats 1 /* JET_OBJECTLIST without statistics */
#define JET_ObjInfoList 2 /* JET_OBJECTLIST with statistics */
#define JET_ObjInfoSysTabCursor 3 /* not supported */
#define JET_ObjInfoListACM 4 /* not supported */
#define JET_ObjInfoNoStats 5 /* JET_OBJECTINFO without statistics */
#define JET_ObjInfoSysTabReadOnly 6 /* not supported */
#define JET_ObjInfoRulesLoaded 7 /* not supported */
#define JET_ObjInfoMax 8 /* count */

/* JetGetTableInfo */

#define JET_TblInfo 0 /* JET_OBJECTINFO */
#define JET_TblInfoName 1 /* table name */
#define JET_TblInfoDbid 2 /* JET_DBID */
#define JET_TblInfoMostMany 3 /* not supported */
#define JET_TblInfoRvt 4 /* not supported */
#define JET_TblInfoOLC 5 /* not supported */
#define JET_TblInfoResetOLC 6 /* not supported */
#define JET_TblInfoSpaceUsage 7 /* owned and free pages (2 x 4 bytes) plus extent list */
#define JET_TblInfoDumpTable 8 /* not supported */
#define JET_TblInfoSpaceAlloc 9 /* initial pages and density (2 x 4 bytes) */
#define JET_TblInfoSpaceOwned 10 /* owned pages incl. secondary indexes and long values */
#define JET_TblInfoSpaceAvailable 11 /* free pages incl. secondary indexes and long values */
#define JET_TblInfoTemplateTableName 12 /* template table name */
#if ( JET_VERSION >= 0x0A01 )
#define JET_TblInfoSpaceOwnedLV 17 /* owned pages of the long-value tree */
#define JET_TblInfoSpaceAvailableLV 18 /* free pages of the long-value tree */
#endif

/* JetGetIndexInfo/JetGetTableIndexInfo */

#define JET_IdxInfo 0 /* JET_INDEXLIST of one index */
#define JET_IdxInfoList 1 /* JET_INDEXLIST of all indexes */
#define JET_IdxInfoSysTabCursor 2 /* not supported */
#define JET_IdxInfoOLC 3 /* not supported */
#define JET_IdxInfoResetOLC 4 /* not supported */
#define JET_IdxInfoSpaceAlloc 5 /* density (4 bytes) */
#if ( JET_VERSION >= 0x0501 )
#define JET_IdxInfoLCID 6 /* LCID (4 bytes; 2 accepted) */
#endif
#define JET_IdxInfoLangid 6 /* old name */
#define JET_IdxInfoCount 7 /* number of indexes (4 bytes) */
#define JET_IdxInfoVarSegMac 8 /* cbVarSegMac (2 bytes) */
#define JET_IdxInfoIndexId 9 /* JET_INDEXID */
#if ( JET_VERSION >= 0x0600 )
#define JET_IdxInfoKeyMost 10 /* cbKeyMost (2 bytes) */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_IdxInfoCreateIndex 11 /* JET_INDEXCREATE */
#define JET_IdxInfoCreateIndex2 12 /* JET_INDEXCREATE2 */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_IdxInfoCreateIndex3 13 /* JET_INDEXCREATE3 */
#define JET_IdxInfoLocaleName 14 /* locale name (UTF-16, 85 units) */
#endif
#if ( JET_VERSION >= 0x0A01 )
#define JET_IdxInfoSpaceOwned 18 /* owned pages of this index (4 bytes) */
#define JET_IdxInfoSpaceAvailable 19 /* free pages of this index (4 bytes) */
#endif

/* JetGetColumnInfo/JetGetTableColumnInfo */

#define JET_ColInfo 0 /* JET_COLUMNDEF by name */
#define JET_ColInfoList 1 /* JET_COLUMNLIST */
#define JET_ColInfoSysTabCursor 3 /* not supported */
#define JET_ColInfoBase 4 /* JET_COLUMNBASE by name */
#define JET_ColInfoListCompact 5 /* internal list */
#if ( JET_VERSION >= 0x0501 )
#define JET_ColInfoByColid 6 /* JET_COLUMNDEF by column id */
#define JET_ColInfoListSortColumnid 7 /* old: list sorted by column id */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_ColInfoBaseByColid 8 /* JET_COLUMNBASE by column id */
#define JET_ColInfoGrbitNonDerivedColumnsOnly 0x80000000u /* or-bit: leave template columns out */
#define JET_ColInfoGrbitMinimalInfo 1073741824 /* or-bit: only name and id */
#define JET_ColInfoGrbitSortByColumnid 536870912 /* or-bit: sort by id */
#endif

/* JetGetInstanceMiscInfo */

#if ( JET_VERSION >= 0x0600 )
#define JET_InstanceMiscInfoLogSignature 0 /* JET_SIGNATURE */
#endif
#if ( JET_VERSION >= 0x0A01 )
#define JET_InstanceMiscInfoRBS 2 /* JET_RBSINFOMISC */
#endif

/* JET_OBJTYP */

#define JET_objtypNil 0 /* any */
#define JET_objtypTable 1 /* table */

/* JET_SNP */

#define JET_snpRepair 2 /* repair */
#define JET_snpCompact 4 /* offline defrag */
#define JET_snpRestore 8 /* restore and recovery */
#define JET_snpBackup 9 /* backup */
#define JET_snpUpgrade 10 /* format upgrade */
#if ( JET_VERSION >= 0x0501 )
#define JET_snpScrub 11 /* scrub */
#define JET_snpUpgradeRecordFormat 12 /* record upgrade */
#endif

/* JET_SNT */

#define JET_sntBegin 5 /* start (pv NULL or JET_SNPROG) */
#define JET_sntRequirements 7 /* requirements */
#define JET_sntProgress 0 /* progress (pv JET_SNPROG) */
#define JET_sntComplete 6 /* end */
#define JET_sntFail 3 /* failure */

/* JET_paramExceptionAction */

#define JET_ExceptionMsgBox 1 /* message box */
#define JET_ExceptionNone 2 /* pass the fault to the process */
#define JET_ExceptionFailFast 4 /* end the process at once */

/* JET_paramEnableOnlineDefrag */

#if ( JET_VERSION >= 0x0501 )
#define JET_OnlineDefragDisable 0 /* none */
#define JET_OnlineDefragAllOBSOLETE 1 /* old value for all */
#define JET_OnlineDefragDatabases 2 /* databases */
#define JET_OnlineDefragSpaceTrees 4 /* space trees */
#define JET_OnlineDefragAll 65535 /* all */
#endif

/* JetGetErrorInfoW */

#if ( JET_VERSION >= 0x0602 )
#define JET_ErrorInfoSpecificErr 1 /* JET_ERRINFOBASIC_W for *(JET_ERR*)pvContext */
#endif

/* config store */

#define JET_wszConfigStoreReadControl u"CsReadControl" /* store value name */
#define JET_wszConfigStoreRelPathSysParamDefault u"SysParamDefault" /* sub-key with default values */
#define JET_wszConfigStoreRelPathSysParamOverride u"SysParamOverride" /* sub-key with overriding values */

/* ---- System parameters ---- */

#define JET_paramSystemPath 0 /* Folder of the checkpoint file */
#define JET_paramTempPath 1 /* Path or folder of the temporary database (file name default tmp.edb) */
#define JET_paramLogFilePath 2 /* Folder of the transaction logs */
#define JET_paramBaseName 3 /* Three-character prefix of log and checkpoint file names (default edb) */
#define JET_paramEventSource 4 /* Application text shown in event log entries */
#define JET_paramMaxSessions 5 /* Upper limit of sessions (JetBeginSession) */
#define JET_paramMaxOpenTables 6 /* Quota of open table/index descriptors */
#define JET_paramPreferredMaxOpenTables 7 /* Soft target of open descriptors (accepted, no effect) */
#define JET_paramMaxCursors 8 /* Quota of open cursors */
#define JET_paramMaxVerPages 9 /* Quota of version-store buckets */
#define JET_paramMaxTemporaryTables 10 /* Quota of temporary tables / sorts */
#define JET_paramLogFileSize 11 /* Size of each log file in KiB */
#define JET_paramLogBuffers 12 /* Log buffer size in 512-byte sectors */
#define JET_paramWaitLogFlush 13 /* Delay before log flush in ms (accepted, no effect) */
#define JET_paramLogCheckpointPeriod 14 /* Checkpoint frequency in sectors (accepted, no effect) */
#define JET_paramLogWaitingUserMax 15 /* Sessions waiting for flush that force one (accepted, no effect) */
#define JET_paramCommitDefault 16 /* Default commit flags of new sessions (only LazyFlush is honoured) */
#define JET_paramCircularLog 17 /* Boolean: delete logs behind the checkpoint automatically */
#define JET_paramDbExtensionSize 18 /* Pages by which a database file grows */
#define JET_paramPageTempDBMin 19 /* Initial size of the temp database in pages */
#define JET_paramPageFragment 20 /* Extents up to this many pages count as fragments */
#define JET_paramBatchIOBufferMax 22 /* Batch I/O buffers (accepted, no effect) */
#define JET_paramCacheSizeMax 23 /* Upper limit of the page cache, in pages */
#define JET_paramCheckpointDepthMax 24 /* Target bytes of log between checkpoint and log tip */
#define JET_paramLRUKCorrInterval 25 /* Microseconds within which touches of a page count as one */
#define JET_paramLRUKHistoryMax 26 /* Page history entries kept by the replacement policy */
#define JET_paramLRUKPolicy 27 /* Number of touches the replacement policy looks at (1 or 2) */
#define JET_paramLRUKTimeout 28 /* Seconds after which an untouched page may always be evicted */
#define JET_paramLRUKTrxCorrInterval 29 /* Accepted, no effect */
#define JET_paramOutstandingIOMax 30 /* Upper limit of parallel I/Os per disk */
#define JET_paramStartFlushThreshold 31 /* Free-page level at which cleaning begins */
#define JET_paramStopFlushThreshold 32 /* Free-page level at which cleaning ends */
#define JET_paramRecovery 34 /* String on/off: logging and crash recovery of the instance */
#define JET_paramEnableOnlineDefrag 35 /* JET_OnlineDefrag* bits allowed for online defrag */
#define JET_paramCacheSize 41 /* Current page cache size in pages; setting asks for a fixed size */
#define JET_paramCheckFormatWhenOpenFail 44 /* Report exact old-format errors (accepted, no effect) */
#define JET_paramEnableIndexChecking 45 /* JET_INDEXCHECKING: verify index sort versions at attach / table open */
#define JET_paramEnableTempTableVersioning 46 /* Boolean: temp tables take part in transactions */
#define JET_paramIgnoreLogVersion 47 /* Accepted, no effect */
#define JET_paramDeleteOldLogs 48 /* Accepted, no effect */
#define JET_paramEventSourceKey 49 /* Registry key text of the event source */
#define JET_paramNoInformationEvent 50 /* Boolean: suppress informational events */
#if ( JET_VERSION >= 0x0501 )
#define JET_paramEventLoggingLevel 51 /* 0..100 amount of event logging */
#define JET_paramDeleteOutOfRangeLogs 52 /* Boolean: recovery may delete logs that do not fit the stream */
#define JET_paramAccessDeniedRetryPeriod 53 /* Milliseconds to keep retrying a file that is in use */
#endif
#if ( JET_VERSION >= 0x0502 )
#define JET_paramEnableIndexCleanup 54 /* Boolean: legacy repair of stale index entries; NLS version check */
#endif
#define JET_paramCacheSizeMin 60 /* Lower limit of the page cache, in pages */
#define JET_paramPreferredVerPages 63 /* Soft target of version-store buckets */
#define JET_paramDatabasePageSize 64 /* Page size of all databases of the process */
#if ( JET_VERSION >= 0x0501 )
#define JET_paramDisableCallbacks 65 /* Boolean: do not resolve stored callbacks */
#define JET_paramLogFileCreateAsynch 69 /* Boolean: prepare the next log file in the background */
#endif
#define JET_paramErrorToString 70 /* Get only: in *plParam an error, out its name and text */
#if ( JET_VERSION >= 0x0501 )
#define JET_paramZeroDatabaseDuringBackup 71 /* Boolean: overwrite deleted data while backing up */
#endif
#define JET_paramUnicodeIndexDefault 72 /* Pointer to JET_UNICODEINDEX used by indexes that give none */
#if ( JET_VERSION >= 0x0501 )
#define JET_paramRuntimeCallback 73 /* JET_CALLBACK used for local storage and other run-time events */
#endif
#define JET_paramCleanupMismatchedLogFiles 77 /* Boolean: delete logs of another size after clean recovery */
#if ( JET_VERSION >= 0x0501 )
#define JET_paramRecordUpgradeDirtyLevel 78 /* 0..3 how eagerly converted records are written */
#define JET_paramGlobalMinVerPages 81 /* Buckets reserved for all instances together */
#define JET_paramOSSnapshotTimeout 82 /* Milliseconds a snapshot freeze may last */
#endif
#define JET_paramExceptionAction 98 /* JET_Exception* reaction to a fault inside the engine */
#define JET_paramEventLogCache 99 /* Bytes of events kept while the event service is absent */
#if ( JET_VERSION >= 0x0501 )
#define JET_paramCreatePathIfNotExist 100 /* Boolean: create missing system/log/temp folders */
#define JET_paramPageHintCacheSize 101 /* Bytes of the page latch hint cache */
#define JET_paramOneDatabasePerSession 102 /* Boolean: only one user database per session */
#define JET_paramMaxInstances 104 /* Upper limit of instances in the process */
#define JET_paramVersionStoreTaskQueueMax 105 /* Queued cleanup tasks before they are dropped */
#define JET_paramDisablePerfmon 107 /* Boolean: no performance counters */
#define JET_paramIndexTuplesLengthMin 110 /* Default shortest tuple of tuple indexes (characters) */
#define JET_paramIndexTuplesLengthMax 111 /* Default longest tuple of tuple indexes */
#define JET_paramIndexTuplesToIndexMax 112 /* Default characters of a value that are tuple-indexed */
#endif
#if ( JET_VERSION >= 0x0502 )
#define JET_paramAlternateDatabaseRecoveryPath 113 /* Folder in which recovery looks for databases instead of recorded paths */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_paramCachedClosedTables 125 /* Closed table definitions kept in memory */
#define JET_paramEnableFileCache 126 /* Boolean: let the OS cache the files */
#define JET_paramEnableViewCache 127 /* Boolean: map database files into memory */
#define JET_paramVerPageSize 128 /* Bytes per version-store bucket (power of two) */
#define JET_paramConfiguration 129 /* JET_config* set; resets parameters to the chosen profile */
#define JET_paramEnableAdvanced 130 /* Boolean: when 0, sets of advanced parameters are silently ignored */
#define JET_paramMaxColtyp 131 /* Get only: number of column types */
#define JET_paramIndexTupleIncrement 132 /* Default step between tuples */
#define JET_paramIndexTupleStart 133 /* Default first character of tuples */
#define JET_paramKeyMost 134 /* Get only: largest cbKeyMost for the page size */
#define JET_paramCheckpointIOMax 135 /* Parallel checkpoint writes */
#define JET_paramLegacyFileNames 136 /* Bits: .log/.chk extensions and 8.3 names instead of .jtx/.jcp and long names */
#define JET_paramTableClass1Name 137 /* Name of table statistics class 1 */
#define JET_paramTableClass2Name 138 /* Name of table statistics class 2 */
#define JET_paramTableClass3Name 139 /* Name of table statistics class 3 */
#define JET_paramTableClass4Name 140 /* Name of table statistics class 4 */
#define JET_paramTableClass5Name 141 /* Name of table statistics class 5 */
#define JET_paramTableClass6Name 142 /* Name of table statistics class 6 */
#define JET_paramTableClass7Name 143 /* Name of table statistics class 7 */
#define JET_paramTableClass8Name 144 /* Name of table statistics class 8 */
#define JET_paramTableClass9Name 145 /* Name of table statistics class 9 */
#define JET_paramTableClass10Name 146 /* Name of table statistics class 10 */
#define JET_paramTableClass11Name 147 /* Name of table statistics class 11 */
#define JET_paramTableClass12Name 148 /* Name of table statistics class 12 */
#define JET_paramTableClass13Name 149 /* Name of table statistics class 13 */
#define JET_paramTableClass14Name 150 /* Name of table statistics class 14 */
#define JET_paramTableClass15Name 151 /* Name of table statistics class 15 */
#endif
#define JET_paramIOPriority 152 /* JET_IOPriority* bits */
#if ( JET_VERSION >= 0x0601 )
#define JET_paramWaypointLatency 153 /* Logs by which page writes stay behind the log tip */
#endif
#if ( JET_VERSION >= 0x0600 )
#define JET_paramEnablePersistedCallbacks 156 /* Boolean: load callbacks named in the database */
#endif
#if ( JET_VERSION >= 0x0601 )
#define JET_paramDefragmentSequentialBTrees 160 /* Boolean: automatic defrag of scan-hinted trees */
#define JET_paramDefragmentSequentialBTreesDensityCheckFrequency 161 /* How often tree density is checked */
#define JET_paramIOThrottlingTimeQuanta 162 /* Milliseconds an I/O-throttled task may run */
#define JET_paramLVChunkSizeMost 163 /* Get only: long-value chunk size for the page size */
#define JET_paramMaxCoalesceReadSize 164 /* Largest combined read in bytes */
#define JET_paramMaxCoalesceWriteSize 165 /* Largest combined write in bytes */
#define JET_paramMaxCoalesceReadGapSize 166 /* Largest gap bridged by a combined read */
#define JET_paramMaxCoalesceWriteGapSize 167 /* Largest gap bridged by a combined write */
#define JET_paramEnableDBScanInRecovery 169 /* 0..2: checksum the database while recovering */
#define JET_paramDbScanThrottle 170 /* Milliseconds pause between scan batches */
#define JET_paramDbScanIntervalMinSec 171 /* Earliest repeat of a database scan in seconds */
#define JET_paramDbScanIntervalMaxSec 172 /* Latest completion of a database scan in seconds */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_paramCachePriority 177 /* 0..1000 weight of this instance's pages in the cache */
#define JET_paramMaxTransactionSize 178 /* Percent of the version store the oldest transaction may use */
#define JET_paramPrereadIOMax 179 /* Parallel preread I/Os */
#define JET_paramEnableDBScanSerialization 180 /* Boolean: one scan per disk */
#define JET_paramHungIOThreshold 181 /* Milliseconds after which an I/O counts as hung */
#define JET_paramHungIOActions 182 /* JET_bitHungIO* reactions */
#define JET_paramMinDataForXpress 183 /* Smallest value size compressed with Xpress */
#endif
#if ( JET_VERSION >= 0x0603 )
#define JET_paramEnableShrinkDatabase 184 /* JET_bitShrinkDatabase* bits */
#endif
#if ( JET_VERSION >= 0x0602 )
#define JET_paramProcessFriendlyName 186 /* Process name for counters and events */
#define JET_paramDurableCommitCallback 187 /* JET_PFNDURABLECOMMITCALLBACK called after log flush */
#endif
#if ( JET_VERSION >= 0x0603 )
#define JET_paramEnableSqm 188 /* Accepted, no effect */
#endif
#if ( JET_VERSION >= 0x0A00 )
#define JET_paramConfigStoreSpec 189 /* Registry store from which parameters are overridden (reg:...) */
#endif
#if ( JET_VERSION >= 0x0A01 )
#define JET_paramUseFlushForWriteDurability 214 /* 1: flush after write; 0: write-through */
#define JET_paramEnableRBS 215 /* Boolean: revert snapshots */
#define JET_paramRBSFilePath 216 /* Folder of revert snapshots */
#define JET_paramPerfmonRefreshInterval 217 /* Milliseconds between counter refreshes */
#define JET_paramEnableBlockCache 218 /* Boolean: open files through the block cache */
#endif
#define JET_paramEnableBlockCacheDetach 220 /* Boolean: allow removing a file from the block cache on open */
#define JET_paramMaxValueInvalid 221 /* Not a parameter; one past the last id */

/* ---- Errors and warnings ---- */

#define JET_errSuccess 0 /* No error; call did what was asked */
#define JET_wrnNyi (-1) /* Feature exists in the interface but has no implementation (note: negative value despite wrn) */
#define JET_errRfsFailure (-100) /* Fault-injection simulator made this resource request fail */
#define JET_errRfsNotArmed (-101) /* Fault-injection simulator was never set up */
#define JET_errFileClose (-102) /* Closing an OS file failed */
#define JET_errOutOfThreads (-103) /* OS refused to create another thread */
#define JET_errTooManyIO (-105) /* Too many I/O requests outstanding at once */
#define JET_errTaskDropped (-106) /* Queued background task could not be run */
#define JET_errInternalError (-107) /* Unexpected internal failure; treat as a bug */
#define JET_errDisabledFunctionality (-112) /* Reduced engine build lacks this feature */
#define JET_errUnloadableOSFunctionality (-113) /* A needed OS entry point could not be resolved */
#define JET_errDatabaseBufferDependenciesCorrupted (-255) /* Write-order links between cached pages are wrong; recovery fails */
#define JET_wrnRemainingVersions 321 /* Version store not yet empty after the requested cleanup */
#define JET_errPreviousVersion (-322) /* Record already has that version; recovery cannot continue */
#define JET_errPageBoundary (-323) /* Scan hit the edge of the page */
#define JET_errKeyBoundary (-324) /* Scan hit the edge of the key */
#define JET_errBadPageLink (-327) /* Sibling page pointers disagree; database is damaged */
#define JET_errBadBookmark (-328) /* Bookmark does not lead to any location in the database */
#define JET_errNTSystemCallFailed (-334) /* An operating-system call failed unexpectedly */
#define JET_errBadParentPageLink (-338) /* Parent page pointer does not match the child; database is damaged */
#define JET_errSPAvailExtCacheOutOfSync (-340) /* Cached free-space data disagrees with the tree */
#define JET_errSPAvailExtCorrupted (-341) /* Free-space tree of an object is damaged */
#define JET_errSPAvailExtCacheOutOfMemory (-342) /* No memory for a cached free-space entry */
#define JET_errSPOwnExtCorrupted (-343) /* Owned-space tree of an object is damaged */
#define JET_errDbTimeCorrupted (-344) /* A page carries a dbtime beyond the database's current dbtime */
#define JET_wrnUniqueKey 345 /* Seek with uniqueness check found exactly one entry for the key */
#define JET_errKeyTruncated (-346) /* Key would be cut but the index forbids truncation */
#define JET_errDatabaseLeakInSpace (-348) /* Pages are owned but unreachable; offline defrag needed to regain them */
#define JET_errBadEmptyPage (-351) /* Search arrived at a page that should not be empty; database is damaged */
#define JET_errBadLineCount (-354) /* Page holds fewer tags than the operation addresses */
#define JET_errPageTagCorrupted (-357) /* A page tag's offset, size or the tag count is impossible */
#define JET_errNodeCorrupted (-358) /* A node's key prefix/suffix sizes do not fit the node */
#define JET_wrnSeparateLongValue 406 /* Value lives in the long-value tree */
#define JET_errKeyTooBig (-408) /* Key exceeds the size limit for this page size */
#define JET_errCannotSeparateIntrinsicLV (-416) /* Value had to stay in the record but did not fit */
#define JET_errSeparatedLongValue (-421) /* Requested operation cannot work on a separated long value */
#define JET_errMustBeSeparateLongValue (-423) /* Preread needs a column whose values can be separated */
#define JET_errInvalidPreread (-424) /* Long-value preread is impossible while on a secondary index */
#define JET_errInvalidLoggedOperation (-500) /* A log record cannot be replayed */
#define JET_errLogFileCorrupt (-501) /* Log file content fails validation */
#define JET_errNoBackupDirectory (-503) /* Backup target folder was not supplied */
#define JET_errBackupDirectoryNotEmpty (-504) /* Backup target folder already holds files */
#define JET_errBackupInProgress (-505) /* Another backup is running on the instance */
#define JET_errRestoreInProgress (-506) /* A restore is already running */
#define JET_errMissingPreviousLogFile (-509) /* Log named by the checkpoint is absent */
#define JET_errLogWriteFail (-510) /* Writing the log failed; instance cannot continue */
#define JET_errLogDisabledDueToRecoveryFailure (-511) /* Logging refused because recovery failed earlier */
#define JET_errCannotLogDuringRecoveryRedo (-512) /* Attempt to create log records while replaying */
#define JET_errLogGenerationMismatch (-513) /* File name and generation in the log header differ */
#define JET_errBadLogVersion (-514) /* Log format version not supported */
#define JET_errInvalidLogSequence (-515) /* Neighbouring logs do not chain (creation times differ) */
#define JET_errLoggingDisabled (-516) /* Operation needs logging, which is off */
#define JET_errLogBufferTooSmall (-517) /* A log record is larger than the log buffer or a log file */
#define JET_errLogSequenceEnd (-519) /* Highest log generation number was used */
#define JET_errNoBackup (-520) /* No backup has been started */
#define JET_errInvalidBackupSequence (-521) /* Backup function called in the wrong order */
#define JET_errBackupNotAllowedYet (-523) /* Backup cannot start yet (recovery or attach not finished) */
#define JET_errDeleteBackupFileFail (-524) /* Old backup file could not be removed */
#define JET_errMakeBackupDirectoryFail (-525) /* Temporary backup folder could not be created */
#define JET_errInvalidBackup (-526) /* Incremental backup refused because circular logging is on */
#define JET_errRecoveredWithErrors (-527) /* Restore ended but some steps failed */
#define JET_errMissingLogFile (-528) /* A needed (current) log file is absent */
#define JET_errLogDiskFull (-529) /* No disk space for the log */
#define JET_errBadLogSignature (-530) /* Log signature does not match the set */
#define JET_errBadDbSignature (-531) /* Database signature does not match the log */
#define JET_errBadCheckpointSignature (-532) /* Checkpoint signature does not match the log set */
#define JET_errCheckpointCorrupt (-533) /* Checkpoint file missing or both copies unreadable */
#define JET_errMissingPatchPage (-534) /* Patch file lacks a page recovery needs */
#define JET_errBadPatchPage (-535) /* Patch file page fails validation */
#define JET_errRedoAbruptEnded (-536) /* Replay stopped because log reading broke off */
#define JET_errPatchFileMissing (-538) /* Backup set lacks its patch file */
#define JET_errDatabaseLogSetMismatch (-539) /* Database was last used with a different log set */
#define JET_errDatabaseStreamingFileMismatch (-540) /* Database and (obsolete) streaming file do not pair */
#define JET_errLogFileSizeMismatch (-541) /* Existing log size differs from JET_paramLogFileSize */
#define JET_errCheckpointFileNotFound (-542) /* Checkpoint file absent */
#define JET_errRequiredLogFilesMissing (-543) /* A log in the database's required range is absent */
#define JET_errSoftRecoveryOnBackupDatabase (-544) /* Crash recovery tried on a backup copy; a restore is required */
#define JET_errLogFileSizeMismatchDatabasesConsistent (-545) /* Recovery finished cleanly but log size setting differs */
#define JET_errLogSectorSizeMismatch (-546) /* Log sector size differs from the volume's */
#define JET_errLogSectorSizeMismatchDatabasesConsistent (-547) /* Recovery finished cleanly but log sector size differs from the volume */
#define JET_errLogSequenceEndDatabasesConsistent (-548) /* Recovery finished cleanly but no generation numbers are left */
#define JET_errStreamingDataNotLogged (-549) /* Obsolete streaming data was not in the log */
#define JET_errDatabaseDirtyShutdown (-550) /* Database is not clean; run recovery first */
#define JET_errDatabaseInconsistent (-550) /* Old name of JET_errDatabaseDirtyShutdown */
#define JET_errConsistentTimeMismatch (-551) /* Database's last-consistent time does not match the log */
#define JET_errDatabasePatchFileMismatch (-552) /* Patch file belongs to another backup */
#define JET_errEndingRestoreLogTooLow (-553) /* Last log given for restore is below what the backup needs */
#define JET_errStartingRestoreLogTooHigh (-554) /* First log given for restore is above what the backup needs */
#define JET_errGivenLogFileHasBadSignature (-555) /* A log supplied for restore has a foreign signature */
#define JET_errGivenLogFileIsNotContiguous (-556) /* Logs supplied for restore have a gap */
#define JET_errMissingRestoreLogFiles (-557) /* Logs needed for the restore are absent */
#define JET_wrnExistingLogFileHasBadSignature 558 /* A log already in the folder has a foreign signature */
#define JET_wrnExistingLogFileIsNotContiguous 559 /* Logs already in the folder have a gap */
#define JET_errMissingFullBackup (-560) /* Incremental backup without an earlier full one */
#define JET_errBadBackupDatabaseSize (-561) /* Backup database size is not a page multiple */
#define JET_errDatabaseAlreadyUpgraded (-562) /* Upgrade asked for a database already in the current format */
#define JET_errDatabaseIncompleteUpgrade (-563) /* Database format upgrade was interrupted; restore a backup */
#define JET_wrnSkipThisRecord 564 /* Internal: skip this log record */
#define JET_errMissingCurrentLogFiles (-565) /* Logs after the backup are missing for roll-forward */
#define JET_errDbTimeTooOld (-566) /* Page dbtime is below the log record's before-value (lost write) */
#define JET_errDbTimeTooNew (-567) /* Page dbtime lies between the log record's before- and after-values */
#define JET_errMissingFileToBackup (-569) /* A log or patch file vanished during backup */
#define JET_errLogTornWriteDuringHardRestore (-570) /* Torn write in a log of the backup set */
#define JET_errLogTornWriteDuringHardRecovery (-571) /* Torn write in a log outside the backup set during restore */
#define JET_errLogCorruptDuringHardRestore (-573) /* Damaged log inside the backup set */
#define JET_errLogCorruptDuringHardRecovery (-574) /* Damaged log outside the backup set during restore */
#define JET_errMustDisableLoggingForDbUpgrade (-575) /* Turn recovery off before upgrading a database */
#define JET_errBadRestoreTargetInstance (-577) /* Target instance for restore unknown or its logs do not match */
#define JET_wrnTargetInstanceRunning 578 /* Target instance for restore is running */
#define JET_errRecoveredWithoutUndo (-579) /* Replay finished and undo was skipped as requested; databases are dirty */
#define JET_errDatabasesNotFromSameSnapshot (-580) /* Databases come from different snapshots */
#define JET_errSoftRecoveryOnSnapshot (-581) /* Crash recovery tried on a snapshot backup copy */
#define JET_errCommittedLogFilesMissing (-582) /* Committed logs at the end of the stream are absent */
#define JET_errSectorSizeNotSupported (-583) /* Disk sector size is not usable */
#define JET_errRecoveredWithoutUndoDatabasesConsistent (-584) /* Undo was to be skipped and proved unnecessary; databases are clean */
#define JET_wrnCommittedLogFilesLost 585 /* Recovered cleanly but the last committed logs were lost */
#define JET_errCommittedLogFileCorrupt (-586) /* A committed log at the end of the stream is damaged */
#define JET_wrnCommittedLogFilesRemoved 587 /* Recovered cleanly after dropping damaged trailing logs */
#define JET_wrnFinishWithUndo 588 /* Value a client returns to let recovery go on into undo */
#define JET_errLogSequenceChecksumMismatch (-590) /* Checksum over the previous log does not match the one stored in the next */
#define JET_wrnDatabaseRepaired 595 /* Damage was found and repaired */
#define JET_errPageInitializedMismatch (-596) /* Page blank on one replica but in use on the other */
#define JET_errUnicodeTranslationBufferTooSmall (-601) /* Buffer too small for text conversion */
#define JET_errUnicodeTranslationFail (-602) /* Text conversion between code pages failed */
#define JET_errUnicodeNormalizationNotSupported (-603) /* OS offers no sort-key generation */
#define JET_errUnicodeLanguageValidationFailure (-604) /* Locale could not be checked */
#define JET_errExistingLogFileHasBadSignature (-610) /* A log already in the folder has a foreign signature (error form) */
#define JET_errExistingLogFileIsNotContiguous (-611) /* Logs already in the folder have a gap (error form) */
#define JET_errLogReadVerifyFailure (-612) /* Log failed its checksum while being backed up */
#define JET_errCheckpointDepthTooDeep (-614) /* Too many log generations between checkpoint and log tip */
#define JET_errRestoreOfNonBackupDatabase (-615) /* Restore tried on a database not produced by backup */
#define JET_errLogFileNotCopied (-616) /* Log truncation refused because not every needed log was read */
#define JET_errTransactionTooLong (-618) /* Oldest transaction spans too many log generations */
#define JET_errEngineFormatVersionNoLongerSupportedTooLow (-619) /* Requested engine format version is older than supported */
#define JET_errEngineFormatVersionNotYetImplementedTooHigh (-620) /* Requested engine format version is newer than this engine */
#define JET_errEngineFormatVersionParamTooLowForRequestedFeature (-621) /* Feature needs a higher engine format version than configured */
#define JET_errEngineFormatVersionSpecifiedTooLowForLogVersion (-622) /* Logs already use a newer format than configured */
#define JET_errEngineFormatVersionSpecifiedTooLowForDatabaseVersion (-623) /* Database already uses a newer format than configured */
#define JET_errDbTimeBeyondMaxRequired (-625) /* Page dbtime is past the record although outside the required range */
#define JET_errLogOperationInconsistentWithDatabase (-626) /* Log record contradicts the database state */
#define JET_errBackupAbortByServer (-801) /* Backup was ended by JetTerm2/JetStopBackup on the instance */
#define JET_errInvalidGrbit (-900) /* Flag combination not valid for this call */
#define JET_errTermInProgress (-1000) /* Instance is shutting down */
#define JET_errFeatureNotAvailable (-1001) /* Function or level is not supported */
#define JET_errInvalidName (-1002) /* Object name breaks the naming rules */
#define JET_errInvalidParameter (-1003) /* An argument is not acceptable */
#define JET_wrnColumnNull 1004 /* Column value is null */
#define JET_wrnBufferTruncated 1006 /* Output buffer got only the first part of the data */
#define JET_wrnDatabaseAttached 1007 /* Database was already attached to this session/instance */
#define JET_errDatabaseFileReadOnly (-1008) /* Read-only file attached for writing */
#define JET_wrnSortOverflow 1009 /* Sort spilled to disk */
#define JET_errInvalidDatabaseId (-1010) /* Database id is not open */
#define JET_errOutOfMemory (-1011) /* Memory allocation failed */
#define JET_errOutOfDatabaseSpace (-1012) /* Database reached its maximum size */
#define JET_errOutOfCursors (-1013) /* No cursor can be allocated */
#define JET_errOutOfBuffers (-1014) /* No page buffer can be allocated */
#define JET_errTooManyIndexes (-1015) /* Index count limit reached */
#define JET_errTooManyKeys (-1016) /* More key columns than allowed */
#define JET_errRecordDeleted (-1017) /* Current record was deleted by someone */
#define JET_errReadVerifyFailure (-1018) /* Page read from disk failed its checksum */
#define JET_errPageNotInitialized (-1019) /* Page read from disk is all zero */
#define JET_errOutOfFileHandles (-1020) /* OS file handle limit reached */
#define JET_errDiskReadVerificationFailure (-1021) /* OS reported a CRC error while reading */
#define JET_errDiskIO (-1022) /* OS reported an I/O error */
#define JET_errInvalidPath (-1023) /* Path is not usable */
#define JET_errInvalidSystemPath (-1024) /* System (checkpoint) path is not usable */
#define JET_errInvalidLogDirectory (-1025) /* Log path is not usable */
#define JET_errRecordTooBig (-1026) /* Record exceeds the page's record limit */
#define JET_errTooManyOpenDatabases (-1027) /* Database open limit reached */
#define JET_errInvalidDatabase (-1028) /* File is not a database */
#define JET_errNotInitialized (-1029) /* Engine or instance has not been started */
#define JET_errAlreadyInitialized (-1030) /* Setting or start not possible once running */
#define JET_errInitInProgress (-1031) /* Start already under way */
#define JET_errFileAccessDenied (-1032) /* File is locked or access refused */
#define JET_errBufferTooSmall (-1038) /* Output buffer too small */
#define JET_wrnRecordFoundGreater 1039 /* Alias of JET_wrnSeekNotEqual */
#define JET_wrnRecordFoundLess 1039 /* Alias of JET_wrnSeekNotEqual */
#define JET_wrnSeekNotEqual 1039 /* Seek landed on a neighbouring key */
#define JET_errTooManyColumns (-1040) /* Column limit reached */
#define JET_errContainerNotEmpty (-1043) /* Container still has objects (obsolete) */
#define JET_errInvalidFilename (-1044) /* File name is not usable */
#define JET_errInvalidBookmark (-1045) /* Bookmark malformed */
#define JET_errColumnInUse (-1046) /* Column takes part in an index */
#define JET_errInvalidBufferSize (-1047) /* Buffer size does not fit the type or structure */
#define JET_errColumnNotUpdatable (-1048) /* Column may not be set */
#define JET_errIndexInUse (-1051) /* Index is being used */
#define JET_errLinkNotSupported (-1052) /* Obsolete table links absent */
#define JET_errNullKeyDisallowed (-1053) /* Index refuses null keys */
#define JET_errNotInTransaction (-1054) /* Call needs an open transaction */
#define JET_wrnNoErrorInfo 1055 /* No more error detail (obsolete) */
#define JET_errMustRollback (-1057) /* Failed unversioned update leaves only rollback */
#define JET_wrnNoIdleActivity 1058 /* Nothing was left to do for JetIdle */
#define JET_errTooManyActiveUsers (-1059) /* Too many active users */
#define JET_errInvalidCountry (-1061) /* Country value unknown */
#define JET_errInvalidLanguageId (-1062) /* Language/locale value unknown */
#define JET_errInvalidCodePage (-1063) /* Code page is neither 1252 nor 1200 */
#define JET_errInvalidLCMapStringFlags (-1064) /* Sort-key flags not permitted */
#define JET_errVersionStoreEntryTooBig (-1065) /* Version entry larger than a version bucket */
#define JET_errVersionStoreOutOfMemoryAndCleanupTimedOut (-1066) /* Version store full and cleanup did not finish in time */
#define JET_wrnNoWriteLock 1067 /* Replace without lock outside a transaction */
#define JET_wrnColumnSetNull 1068 /* Column was set to null by the call */
#define JET_errVersionStoreOutOfMemory (-1069) /* Version store full; shorten the oldest transaction */
#define JET_errCannotIndex (-1071) /* Column (escrow) cannot be indexed */
#define JET_errRecordNotDeleted (-1072) /* Record is not deleted */
#define JET_errTooManyMempoolEntries (-1073) /* Table metadata pool is full */
#define JET_errOutOfObjectIDs (-1074) /* No object ids left in the database */
#define JET_errOutOfLongValueIDs (-1075) /* No long-value ids left in the table */
#define JET_errOutOfAutoincrementValues (-1076) /* Auto-increment counter exhausted */
#define JET_errOutOfDbtimeValues (-1077) /* dbtime counter exhausted */
#define JET_errOutOfSequentialIndexValues (-1078) /* Hidden sequential key counter exhausted */
#define JET_errRunningInOneInstanceMode (-1080) /* Multi-instance call in single-instance process mode */
#define JET_errRunningInMultiInstanceMode (-1081) /* Single-instance call in multi-instance process mode */
#define JET_errSystemParamsAlreadySet (-1082) /* Global parameters were already fixed (identical set) */
#define JET_errSystemPathInUse (-1083) /* Another instance uses this system path */
#define JET_errLogFilePathInUse (-1084) /* Another instance uses this log path */
#define JET_errTempPathInUse (-1085) /* Another instance uses this temp database path */
#define JET_errInstanceNameInUse (-1086) /* Another instance has this name */
#define JET_errSystemParameterConflict (-1087) /* Global parameters were already fixed to other values */
#define JET_errInstanceUnavailable (-1090) /* Instance hit a fatal error and must be terminated */
#define JET_errDatabaseUnavailable (-1091) /* Database hit a fatal error and must be detached */
#define JET_errInstanceUnavailableDueToFatalLogDiskFull (-1092) /* Instance stopped because the log disk filled during rollback */
#define JET_errInvalidSesparamId (-1093) /* Session parameter id unknown */
#define JET_errTooManyRecords (-1094) /* Count does not fit 32 bits */
#define JET_errInvalidDbparamId (-1095) /* Database parameter id unknown */
#define JET_errOutOfSessions (-1101) /* No session can be allocated */
#define JET_errWriteConflict (-1102) /* Another transaction changed or locked the record */
#define JET_errTransTooDeep (-1103) /* Transaction nesting limit (7) reached */
#define JET_errInvalidSesid (-1104) /* Session handle invalid */
#define JET_errWriteConflictPrimaryIndex (-1105) /* Primary index is still being created by another transaction */
#define JET_errInTransaction (-1108) /* Call is not allowed inside a transaction */
#define JET_errRollbackRequired (-1109) /* Only rollback is possible now */
#define JET_errTransReadOnly (-1110) /* Read-only transaction or database tried to write */
#define JET_errSessionWriteConflict (-1111) /* Two cursors of one session replace the same record */
#define JET_errRecordTooBigForBackwardCompatibility (-1112) /* Record would not fit the older format */
#define JET_errCannotMaterializeForwardOnlySort (-1113) /* Options conflict with a forward-only temp table */
#define JET_errSesidTableIdMismatch (-1114) /* Cursor belongs to another session */
#define JET_errInvalidInstance (-1115) /* Instance handle invalid */
#define JET_errDirtyShutdown (-1116) /* Instance ended as asked with databases left dirty */
#define JET_errReadPgnoVerifyFailure (-1118) /* Page read from disk carries another page number */
#define JET_errReadLostFlushVerifyFailure (-1119) /* Page read from disk is an older version (lost write) */
#define JET_errFileSystemCorruption (-1121) /* File system reported corruption */
#define JET_wrnShrinkNotPossible 1122 /* File could not be made smaller */
#define JET_errRecoveryVerifyFailure (-1123) /* Pages read in recovery differ from expectation */
#define JET_errFilteredMoveNotSupported (-1124) /* Cursor filter not usable here */
#define JET_errDatabaseDuplicate (-1201) /* Database file already exists or is attached */
#define JET_errDatabaseInUse (-1202) /* Database is being used */
#define JET_errDatabaseNotFound (-1203) /* Database is not attached / unknown */
#define JET_errDatabaseInvalidName (-1204) /* Database name unusable */
#define JET_errDatabaseInvalidPages (-1205) /* Requested database size unusable */
#define JET_errDatabaseCorrupted (-1206) /* File is not a database or is damaged */
#define JET_errDatabaseLocked (-1207) /* Database is held exclusively */
#define JET_errCannotDisableVersioning (-1208) /* Versioning cannot be turned off */
#define JET_errInvalidDatabaseVersion (-1209) /* Database format version not supported */
#define JET_errDatabase200Format (-1210) /* Database has the Jet 200 format */
#define JET_errDatabase400Format (-1211) /* Database has the Jet 400 format */
#define JET_errDatabase500Format (-1212) /* Database has the Jet 500 format */
#define JET_errPageSizeMismatch (-1213) /* Database page size differs from the process page size */
#define JET_errTooManyInstances (-1214) /* Instance limit reached */
#define JET_errDatabaseSharingViolation (-1215) /* Another instance has the database */
#define JET_errAttachedDatabaseMismatch (-1216) /* Logged attachment has no matching database */
#define JET_errDatabaseInvalidPath (-1217) /* Database path unusable */
#define JET_errDatabaseIdInUse (-1218) /* Database id already assigned */
#define JET_errForceDetachNotAllowed (-1219) /* Forced detach needs a failed normal detach first */
#define JET_errCatalogCorrupted (-1220) /* System catalog is damaged */
#define JET_errPartiallyAttachedDB (-1221) /* Attach was only half done */
#define JET_errDatabaseSignInUse (-1222) /* A database with the same signature is attached */
#define JET_errDatabaseCorruptedNoRepair (-1224) /* Damaged, and repair was not permitted */
#define JET_errInvalidCreateDbVersion (-1225) /* Logged database creation used an incompatible version */
#define JET_errDatabaseNotReady (-1230) /* Recovery has not reached a point where the database may be used */
#define JET_errDatabaseAttachedForRecovery (-1231) /* Database is attached only for recovery */
#define JET_errTransactionsNotReadyDuringRecovery (-1232) /* Recovery has not seen a transaction boundary yet */
#define JET_wrnTableEmpty 1301 /* Table opened has no records */
#define JET_errTableLocked (-1302) /* Table is held exclusively */
#define JET_errTableDuplicate (-1303) /* Table name already exists */
#define JET_errTableInUse (-1304) /* Table has open cursors so it cannot be locked */
#define JET_errObjectNotFound (-1305) /* Table or object does not exist */
#define JET_errDensityInvalid (-1307) /* Density outside 20..100 percent */
#define JET_errTableNotEmpty (-1308) /* Table has records */
#define JET_errInvalidTableId (-1310) /* Cursor handle invalid */
#define JET_errTooManyOpenTables (-1311) /* Open-table limit reached */
#define JET_errIllegalOperation (-1312) /* Operation is not supported by this table type */
#define JET_errTooManyOpenTablesAndCleanupTimedOut (-1313) /* Open-table limit reached and cleanup did not finish */
#define JET_errObjectDuplicate (-1314) /* Object name already exists */
#define JET_errInvalidObject (-1316) /* Object kind does not fit the call */
#define JET_errCannotDeleteTempTable (-1317) /* Close a temp table instead of deleting it */
#define JET_errCannotDeleteSystemTable (-1318) /* System tables cannot be deleted */
#define JET_errCannotDeleteTemplateTable (-1319) /* Template tables cannot be deleted */
#define JET_errExclusiveTableLockRequired (-1322) /* Table must be opened exclusively first */
#define JET_errFixedDDL (-1323) /* Table schema is frozen */
#define JET_errFixedInheritedDDL (-1324) /* Inherited part of the schema is frozen */
#define JET_errCannotNestDDL (-1325) /* Template of a template is not supported */
#define JET_errDDLNotInheritable (-1326) /* Parent is not a template table */
#define JET_wrnTableInUseBySystem 1327 /* Engine cleanup holds a cursor on the table */
#define JET_errInvalidSettings (-1328) /* Parameter settings contradict each other */
#define JET_errClientRequestToStopJetService (-1329) /* Instance was told to stop service */
#define JET_errCannotAddFixedVarColumnToDerivedTable (-1330) /* Template forbids fixed/variable columns in derived tables */
#define JET_errIndexCantBuild (-1401) /* Index could not be built */
#define JET_errIndexHasPrimary (-1402) /* Table already has a primary index */
#define JET_errIndexDuplicate (-1403) /* Index name already exists */
#define JET_errIndexNotFound (-1404) /* Index does not exist */
#define JET_errIndexMustStay (-1405) /* Primary index cannot be deleted */
#define JET_errIndexInvalidDef (-1406) /* Index definition is not acceptable */
#define JET_errInvalidCreateIndex (-1409) /* Index creation structure is not acceptable */
#define JET_errTooManyOpenIndexes (-1410) /* Out of index descriptors */
#define JET_errMultiValuedIndexViolation (-1411) /* Multi-values of one record produce the same unique key */
#define JET_errIndexBuildCorrupted (-1412) /* Built secondary index does not mirror the primary */
#define JET_errPrimaryIndexCorrupted (-1413) /* Primary index is damaged or its sort version is outdated */
#define JET_errSecondaryIndexCorrupted (-1414) /* Secondary index is damaged or its sort version is outdated */
#define JET_wrnCorruptIndexDeleted 1415 /* Outdated index was dropped on attach */
#define JET_errInvalidIndexId (-1416) /* JET_INDEXID blob is not valid */
#define JET_wrnPrimaryIndexOutOfDate 1417 /* Primary index has an outdated sort version; do not modify */
#define JET_wrnSecondaryIndexOutOfDate 1418 /* A secondary index has an outdated sort version */
#define JET_errIndexTuplesSecondaryIndexOnly (-1430) /* Tuple index must be secondary */
#define JET_errIndexTuplesOneColumnOnly (-1431) /* Old name of JET_errIndexTuplesTooManyColumns */
#define JET_errIndexTuplesTooManyColumns (-1431) /* Tuple index has too many columns */
#define JET_errIndexTuplesNonUniqueOnly (-1432) /* Tuple index cannot be unique */
#define JET_errIndexTuplesTextBinaryColumnsOnly (-1433) /* Tuple index needs a text or binary column */
#define JET_errIndexTuplesTextColumnsOnly (-1433) /* Old name of JET_errIndexTuplesTextBinaryColumnsOnly */
#define JET_errIndexTuplesVarSegMacNotAllowed (-1434) /* Tuple index cannot set cbVarSegMac */
#define JET_errIndexTuplesInvalidLimits (-1435) /* Tuple lengths or limits are not acceptable */
#define JET_errIndexTuplesCannotRetrieveFromIndex (-1436) /* Tuple index entry cannot give the column value back */
#define JET_errIndexTuplesKeyTooSmall (-1437) /* Search key shorter than the minimum tuple */
#define JET_errInvalidLVChunkSize (-1438) /* Long-value chunk size not acceptable */
#define JET_errColumnCannotBeEncrypted (-1439) /* Only long columns without default can be encrypted */
#define JET_errCannotIndexOnEncryptedColumn (-1440) /* Encrypted column cannot be indexed */
#define JET_errColumnLong (-1501) /* Column value is long (obsolete) */
#define JET_errColumnNoChunk (-1502) /* Long value has no chunk at that offset */
#define JET_errColumnDoesNotFit (-1503) /* Value does not fit the record */
#define JET_errColumnIllegalNull (-1504) /* Alias of JET_errNullInvalid */
#define JET_errNullInvalid (-1504) /* Column may not be null */
#define JET_errColumnIndexed (-1505) /* Indexed column cannot be deleted */
#define JET_errColumnTooBig (-1506) /* Value or declared size above the column maximum */
#define JET_errColumnNotFound (-1507) /* Column does not exist */
#define JET_errColumnDuplicate (-1508) /* Column name already exists */
#define JET_errMultiValuedColumnMustBeTagged (-1509) /* Multi-valued columns must be tagged */
#define JET_errColumnRedundant (-1510) /* Table already has an auto-increment or version column */
#define JET_errInvalidColumnType (-1511) /* Column type not acceptable */
#define JET_wrnColumnMaxTruncated 1512 /* Declared maximum was lowered to the type limit */
#define JET_errTaggedNotNULL (-1514) /* Tagged columns cannot be not-null */
#define JET_errNoCurrentIndex (-1515) /* No index selected */
#define JET_errKeyIsMade (-1516) /* Key already complete */
#define JET_errBadColumnId (-1517) /* Column id malformed */
#define JET_errBadItagSequence (-1518) /* Multi-value number not acceptable */
#define JET_errColumnInRelationship (-1519) /* Column is part of a relationship (obsolete) */
#define JET_wrnCopyLongValue 1520 /* Long value was copied to become separate */
#define JET_errCannotBeTagged (-1521) /* Auto-increment and version columns cannot be tagged */
#define JET_errDefaultValueTooBig (-1524) /* Default value above the limit */
#define JET_errMultiValuedDuplicate (-1525) /* Value already present in the unique multi-valued column */
#define JET_errLVCorrupted (-1526) /* Long-value tree is damaged */
#define JET_errMultiValuedDuplicateAfterTruncation (-1528) /* Values equal after normalisation cut them */
#define JET_errDerivedColumnCorruption (-1529) /* Derived table refers to a wrong template column */
#define JET_errInvalidPlaceholderColumn (-1530) /* Column cannot become a primary-index placeholder */
#define JET_wrnColumnSkipped 1531 /* Enumeration skipped this column or value as requested */
#define JET_wrnColumnNotLocal 1532 /* Value not obtainable from local data alone */
#define JET_wrnColumnMoreTags 1533 /* More values exist than were asked for */
#define JET_wrnColumnTruncated 1534 /* Value cut at the enumeration size limit */
#define JET_wrnColumnPresent 1535 /* Values exist; presence-only enumeration */
#define JET_wrnColumnSingleValue 1536 /* Enumeration returned the only value inline in JET_ENUMCOLUMN */
#define JET_wrnColumnDefault 1537 /* Value equals the default and was left out as asked */
#define JET_errColumnCannotBeCompressed (-1538) /* Only long text/binary columns can be compressed */
#define JET_wrnColumnNotInRecord 1539 /* Value is outside the record and was not read */
#define JET_errColumnNoEncryptionKey (-1540) /* Encrypted column used without a key */
#define JET_wrnColumnReference 1541 /* A reference was returned instead of the value */
#define JET_errRecordNotFound (-1601) /* Seek found no matching key */
#define JET_errRecordNoCopy (-1602) /* No copy buffer in use */
#define JET_errNoCurrentRecord (-1603) /* Cursor is not on a record */
#define JET_errRecordPrimaryChanged (-1604) /* Primary key cannot be changed by replace */
#define JET_errKeyDuplicate (-1605) /* Unique index already has this key */
#define JET_errAlreadyPrepared (-1607) /* An update is already prepared on this cursor */
#define JET_errKeyNotMade (-1608) /* No key has been built */
#define JET_errUpdateNotPrepared (-1609) /* No update is prepared */
#define JET_wrnDataHasChanged 1610 /* Record changed since it was copied */
#define JET_errDataHasChanged (-1611) /* Record changed since it was copied; operation refused */
#define JET_wrnKeyChanged 1618 /* Move reached a different key */
#define JET_errLanguageNotSupported (-1619) /* Locale is not installed */
#define JET_errDecompressionFailed (-1620) /* Stored value could not be decompressed */
#define JET_errUpdateMustVersion (-1621) /* Unversioned update only on uncommitted tables */
#define JET_errDecryptionFailed (-1622) /* Stored value could not be decrypted */
#define JET_errEncryptionBadItag (-1623) /* Encrypted tagged columns allow only value number 1 */
#define JET_errSetAutoIncrementTooHigh (-1624) /* Given auto-increment value is above the limit */
#define JET_errAutoIncrementNotSet (-1625) /* Auto-increment value had to be set by the caller */
#define JET_errTooManySorts (-1701) /* Sort limit reached */
#define JET_errInvalidOnSort (-1702) /* Operation not possible on a sort */
#define JET_errTempFileOpenError (-1803) /* Temporary file could not be opened */
#define JET_errTooManyAttachedDatabases (-1805) /* Attach limit reached */
#define JET_errDiskFull (-1808) /* No disk space */
#define JET_errPermissionDenied (-1809) /* Permission refused */
#define JET_errFileNotFound (-1811) /* File does not exist */
#define JET_errFileInvalidType (-1812) /* File kind is wrong */
#define JET_wrnFileOpenReadOnly 1813 /* File could only be opened read-only */
#define JET_errFileAlreadyExists (-1814) /* File exists */
#define JET_errAfterInitialization (-1850) /* Restore not possible after start */
#define JET_errLogCorrupted (-1852) /* Logs cannot be interpreted */
#define JET_errInvalidOperation (-1906) /* Operation not possible in this state */
#define JET_errAccessDenied (-1907) /* Access refused */
#define JET_wrnIdleFull 1908 /* Idle: resource nearly exhausted */
#define JET_errTooManySplits (-1909) /* Splitting did not end; tree is damaged */
#define JET_errSessionSharingViolation (-1910) /* Session used by two threads at once */
#define JET_errEntryPointNotFound (-1911) /* Callback DLL lacks the entry point */
#define JET_errSessionContextAlreadySet (-1912) /* Session already has a context */
#define JET_errSessionContextNotSetByThisThread (-1913) /* Context was set by another thread */
#define JET_errSessionInUse (-1914) /* Session being ended is in use */
#define JET_errRecordFormatConversionFailed (-1915) /* On-the-fly record upgrade failed */
#define JET_errOneDatabasePerSession (-1916) /* Session may open only one database */
#define JET_errRollbackError (-1917) /* Rollback failed */
#define JET_errFlushMapVersionUnsupported (-1918) /* Flush map version not supported */
#define JET_errFlushMapDatabaseMismatch (-1919) /* Flush map belongs to another database */
#define JET_errFlushMapUnrecoverable (-1920) /* Flush map cannot be rebuilt */
#define JET_wrnDefragAlreadyRunning 2000 /* Online defrag already runs */
#define JET_wrnDefragNotRunning 2001 /* Online defrag is not running */
#define JET_errDatabaseAlreadyRunningMaintenance (-2004) /* Database maintenance already runs */
#define JET_wrnCallbackNotRegistered 2100 /* Callback to remove is unknown */
#define JET_errCallbackFailed (-2101) /* A callback reported failure */
#define JET_errCallbackNotResolved (-2102) /* Callback name could not be resolved */
#define JET_errSpaceHintsInvalid (-2103) /* Space hints contain an unusable value */
#define JET_errOSSnapshotInvalidSequence (-2401) /* Snapshot calls out of order */
#define JET_errOSSnapshotTimeOut (-2402) /* Freeze lasted too long and was thawed */
#define JET_errOSSnapshotNotAllowed (-2403) /* Snapshot not possible while backup or recovery runs */
#define JET_errOSSnapshotInvalidSnapId (-2404) /* Snapshot id unknown */
#define JET_errLSCallbackNotSpecified (-3000) /* Local storage needs a runtime callback */
#define JET_errLSAlreadySet (-3001) /* Local storage already set */
#define JET_errLSNotSet (-3002) /* Local storage was never set */
#define JET_errFileIOSparse (-4000) /* I/O touched a sparse range */
#define JET_errFileIOBeyondEOF (-4001) /* Read past the end of file */
#define JET_errFileIOAbort (-4002) /* I/O callback verdict: abort */
#define JET_errFileIORetry (-4003) /* I/O callback verdict: retry */
#define JET_errFileIOFail (-4004) /* I/O callback verdict: fail */
#define JET_errFileCompressed (-4005) /* Compressed files cannot be used */
#define JET_errClientSpaceBegin (-10000) /* First value reserved for applications */
#define JET_errClientSpaceEnd (-11999) /* Last value reserved for applications */

/* ---- Functions ---- */

#ifndef _JET_NOPROTOTYPES

/* Add a column */
#if ( JET_VERSION < 0x0600 )
#define JetAddColumnA JetAddColumn
#endif
JET_ERR JET_API JetAddColumnA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szColumnName,
    const JET_COLUMNDEF *pcolumndef,
    const void *pvDefault,
    uint32_t cbDefault,
    JET_COLUMNID *pcolumnid);

/* Add a column */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetAddColumnW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szColumnName,
    const JET_COLUMNDEF *pcolumndef,
    const void *pvDefault,
    uint32_t cbDefault,
    JET_COLUMNID *pcolumnid);
#ifdef JET_UNICODE
#define JetAddColumn JetAddColumnW
#else
#define JetAddColumn JetAddColumnA
#endif
#endif

/* Attach with maximum size */
#if ( JET_VERSION < 0x0600 )
#define JetAttachDatabase2A JetAttachDatabase2
#endif
JET_ERR JET_API JetAttachDatabase2A(
    JET_SESID sesid,
    JET_PCSTR szFilename,
    uint32_t cpgDatabaseSizeMax,
    JET_GRBIT grbit);

/* Attach with maximum size */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetAttachDatabase2W(
    JET_SESID sesid,
    JET_PCWSTR szFilename,
    uint32_t cpgDatabaseSizeMax,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetAttachDatabase2 JetAttachDatabase2W
#else
#define JetAttachDatabase2 JetAttachDatabase2A
#endif
#endif

/* Attach a database file to the instance */
#if ( JET_VERSION < 0x0600 )
#define JetAttachDatabaseA JetAttachDatabase
#endif
JET_ERR JET_API JetAttachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit);

/* Attach a database file to the instance */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetAttachDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename, JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetAttachDatabase JetAttachDatabaseW
#else
#define JetAttachDatabase JetAttachDatabaseA
#endif
#endif

/* Streaming backup to a folder */
#if ( JET_VERSION < 0x0600 )
#define JetBackupA JetBackup
#endif
JET_ERR JET_API JetBackupA(JET_PCSTR szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);

/* Streaming backup to a folder */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetBackupInstanceA JetBackupInstance
#endif
JET_ERR JET_API JetBackupInstanceA(
    JET_INSTANCE instance,
    JET_PCSTR szBackupPath,
    JET_GRBIT grbit,
    JET_PFNSTATUS pfnStatus);
#endif

/* Streaming backup to a folder */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetBackupInstanceW(
    JET_INSTANCE instance,
    JET_PCWSTR szBackupPath,
    JET_GRBIT grbit,
    JET_PFNSTATUS pfnStatus);
#ifdef JET_UNICODE
#define JetBackupInstance JetBackupInstanceW
#else
#define JetBackupInstance JetBackupInstanceA
#endif
#endif

/* Streaming backup to a folder */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetBackupW(JET_PCWSTR szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);
#ifdef JET_UNICODE
#define JetBackup JetBackupW
#else
#define JetBackup JetBackupA
#endif
#endif

/* Start an external backup */
JET_ERR JET_API JetBeginExternalBackup(JET_GRBIT grbit);

/* Start an external backup */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetBeginExternalBackupInstance(JET_INSTANCE instance, JET_GRBIT grbit);
#endif

/* Open a session */
#if ( JET_VERSION < 0x0600 )
#define JetBeginSessionA JetBeginSession
#endif
JET_ERR JET_API JetBeginSessionA(
    JET_INSTANCE instance,
    JET_SESID *psesid,
    JET_PCSTR szUserName,
    JET_PCSTR szPassword);

/* Open a session */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetBeginSessionW(
    JET_INSTANCE instance,
    JET_SESID *psesid,
    JET_PCWSTR szUserName,
    JET_PCWSTR szPassword);
#ifdef JET_UNICODE
#define JetBeginSession JetBeginSessionW
#else
#define JetBeginSession JetBeginSessionA
#endif
#endif

/* Begin a (nested) transaction */
JET_ERR JET_API JetBeginTransaction(JET_SESID sesid);

/* Begin with flags */
JET_ERR JET_API JetBeginTransaction2(JET_SESID sesid, JET_GRBIT grbit);

/* Begin with a caller-chosen id for tracing */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetBeginTransaction3(JET_SESID sesid, int64_t trxid, JET_GRBIT grbit);
#endif

/* Close a database in a session */
JET_ERR JET_API JetCloseDatabase(JET_SESID sesid, JET_DBID dbid, JET_GRBIT grbit);

/* Close a backup file */
JET_ERR JET_API JetCloseFile(JET_HANDLE hfFile);

/* Close a backup file */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetCloseFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile);
#endif

/* Close a cursor or drop a temp table */
JET_ERR JET_API JetCloseTable(JET_SESID sesid, JET_TABLEID tableid);

/* Commit the innermost transaction */
JET_ERR JET_API JetCommitTransaction(JET_SESID sesid, JET_GRBIT grbit);

/* Commit with durable-commit id and delay */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetCommitTransaction2(
    JET_SESID sesid,
    JET_GRBIT grbit,
    uint32_t cmsecDurableCommit,
    JET_COMMIT_ID *pCommitId);
#endif

/* Offline defragmentation into a new file */
#if ( JET_VERSION < 0x0600 )
#define JetCompactA JetCompact
#endif
JET_ERR JET_API JetCompactA(
    JET_SESID sesid,
    JET_PCSTR szDatabaseSrc,
    JET_PCSTR szDatabaseDest,
    JET_PFNSTATUS pfnStatus,
    JET_CONVERT_A *pconvert,
    JET_GRBIT grbit);

/* Offline defragmentation into a new file */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCompactW(
    JET_SESID sesid,
    JET_PCWSTR szDatabaseSrc,
    JET_PCWSTR szDatabaseDest,
    JET_PFNSTATUS pfnStatus,
    JET_CONVERT_W *pconvert,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetCompact JetCompactW
#else
#define JetCompact JetCompactA
#endif
#endif

/* Recount index statistics */
JET_ERR JET_API JetComputeStats(JET_SESID sesid, JET_TABLEID tableid);

/* Choose memory for crash dumps */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetConfigureProcessForCrashDump(JET_GRBIT grbit);
#endif

/* Create with maximum size */
#if ( JET_VERSION < 0x0600 )
#define JetCreateDatabase2A JetCreateDatabase2
#endif
JET_ERR JET_API JetCreateDatabase2A(
    JET_SESID sesid,
    JET_PCSTR szFilename,
    uint32_t cpgDatabaseSizeMax,
    JET_DBID *pdbid,
    JET_GRBIT grbit);

/* Create with maximum size */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateDatabase2W(
    JET_SESID sesid,
    JET_PCWSTR szFilename,
    uint32_t cpgDatabaseSizeMax,
    JET_DBID *pdbid,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetCreateDatabase2 JetCreateDatabase2W
#else
#define JetCreateDatabase2 JetCreateDatabase2A
#endif
#endif

/* Create, attach and open a database */
#if ( JET_VERSION < 0x0600 )
#define JetCreateDatabaseA JetCreateDatabase
#endif
JET_ERR JET_API JetCreateDatabaseA(
    JET_SESID sesid,
    JET_PCSTR szFilename,
    JET_PCSTR szConnect,
    JET_DBID *pdbid,
    JET_GRBIT grbit);

/* Create, attach and open a database */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateDatabaseW(
    JET_SESID sesid,
    JET_PCWSTR szFilename,
    JET_PCWSTR szConnect,
    JET_DBID *pdbid,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetCreateDatabase JetCreateDatabaseW
#else
#define JetCreateDatabase JetCreateDatabaseA
#endif
#endif

/* Create several indexes */
#if ( JET_VERSION < 0x0600 )
#define JetCreateIndex2A JetCreateIndex2
#endif
JET_ERR JET_API JetCreateIndex2A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEXCREATE_A *pindexcreate,
    uint32_t cIndexCreate);

/* Create several indexes */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateIndex2W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEXCREATE_W *pindexcreate,
    uint32_t cIndexCreate);
#ifdef JET_UNICODE
#define JetCreateIndex2 JetCreateIndex2W
#else
#define JetCreateIndex2 JetCreateIndex2A
#endif
#endif

/* As before with space hints */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetCreateIndex3A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEXCREATE2_A *pindexcreate,
    uint32_t cIndexCreate);
#endif

/* As before with space hints */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetCreateIndex3W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEXCREATE2_W *pindexcreate,
    uint32_t cIndexCreate);
#ifdef JET_UNICODE
#define JetCreateIndex3 JetCreateIndex3W
#else
#define JetCreateIndex3 JetCreateIndex3A
#endif
#endif

/* As before with locale names */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetCreateIndex4A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEXCREATE3_A *pindexcreate,
    uint32_t cIndexCreate);
#endif

/* As before with locale names */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetCreateIndex4W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEXCREATE3_W *pindexcreate,
    uint32_t cIndexCreate);
#ifdef JET_UNICODE
#define JetCreateIndex4 JetCreateIndex4W
#else
#define JetCreateIndex4 JetCreateIndex4A
#endif
#endif

/* Create an index */
#if ( JET_VERSION < 0x0600 )
#define JetCreateIndexA JetCreateIndex
#endif
JET_ERR JET_API JetCreateIndexA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szIndexName,
    JET_GRBIT grbit,
    const char *szKey,
    uint32_t cbKey,
    uint32_t lDensity);

/* Create an index */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateIndexW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szIndexName,
    JET_GRBIT grbit,
    const WCHAR *szKey,
    uint32_t cbKey,
    uint32_t lDensity);
#ifdef JET_UNICODE
#define JetCreateIndex JetCreateIndexW
#else
#define JetCreateIndex JetCreateIndexA
#endif
#endif

/* Allocate a named instance with display name */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetCreateInstance2A JetCreateInstance2
#endif
JET_ERR JET_API JetCreateInstance2A(
    JET_INSTANCE *pinstance,
    JET_PCSTR szInstanceName,
    JET_PCSTR szDisplayName,
    JET_GRBIT grbit);
#endif

/* Allocate a named instance with display name */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateInstance2W(
    JET_INSTANCE *pinstance,
    JET_PCWSTR szInstanceName,
    JET_PCWSTR szDisplayName,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetCreateInstance2 JetCreateInstance2W
#else
#define JetCreateInstance2 JetCreateInstance2A
#endif
#endif

/* Allocate an instance; switches process to multi-instance mode */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetCreateInstanceA JetCreateInstance
#endif
JET_ERR JET_API JetCreateInstanceA(JET_INSTANCE *pinstance, JET_PCSTR szInstanceName);
#endif

/* Allocate an instance; switches process to multi-instance mode */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateInstanceW(JET_INSTANCE *pinstance, JET_PCWSTR szInstanceName);
#ifdef JET_UNICODE
#define JetCreateInstance JetCreateInstanceW
#else
#define JetCreateInstance JetCreateInstanceA
#endif
#endif

/* Create a table and open it exclusively */
#if ( JET_VERSION < 0x0600 )
#define JetCreateTableA JetCreateTable
#endif
JET_ERR JET_API JetCreateTableA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    uint32_t lPages,
    uint32_t lDensity,
    JET_TABLEID *ptableid);

/* As before with callback */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetCreateTableColumnIndex2A JetCreateTableColumnIndex2
#endif
JET_ERR JET_API JetCreateTableColumnIndex2A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE2_A *ptablecreate);
#endif

/* As before with callback */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateTableColumnIndex2W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE2_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex2 JetCreateTableColumnIndex2W
#else
#define JetCreateTableColumnIndex2 JetCreateTableColumnIndex2A
#endif
#endif

/* As before with space hints */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetCreateTableColumnIndex3A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE3_A *ptablecreate);
#endif

/* As before with space hints */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetCreateTableColumnIndex3W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE3_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex3 JetCreateTableColumnIndex3W
#else
#define JetCreateTableColumnIndex3 JetCreateTableColumnIndex3A
#endif
#endif

/* As before with locale names */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetCreateTableColumnIndex4A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE4_A *ptablecreate);
#endif

/* As before with locale names */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetCreateTableColumnIndex4W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE4_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex4 JetCreateTableColumnIndex4W
#else
#define JetCreateTableColumnIndex4 JetCreateTableColumnIndex4A
#endif
#endif

/* Create a table with columns and indexes */
#if ( JET_VERSION < 0x0600 )
#define JetCreateTableColumnIndexA JetCreateTableColumnIndex
#endif
JET_ERR JET_API JetCreateTableColumnIndexA(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE_A *ptablecreate);

/* Create a table with columns and indexes */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateTableColumnIndexW(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex JetCreateTableColumnIndexW
#else
#define JetCreateTableColumnIndex JetCreateTableColumnIndexA
#endif
#endif

/* Create a table and open it exclusively */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetCreateTableW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    uint32_t lPages,
    uint32_t lDensity,
    JET_TABLEID *ptableid);
#ifdef JET_UNICODE
#define JetCreateTable JetCreateTableW
#else
#define JetCreateTable JetCreateTableA
#endif
#endif

/* As before with callback */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetDefragment2A JetDefragment2
#endif
JET_ERR JET_API JetDefragment2A(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    uint32_t *pcPasses,
    uint32_t *pcSeconds,
    JET_CALLBACK callback,
    JET_GRBIT grbit);
#endif

/* As before with callback */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDefragment2W(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    uint32_t *pcPasses,
    uint32_t *pcSeconds,
    JET_CALLBACK callback,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetDefragment2 JetDefragment2W
#else
#define JetDefragment2 JetDefragment2A
#endif
#endif

/* Obsolete defrag by database name */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetDefragment3A JetDefragment3
#endif
JET_ERR JET_API JetDefragment3A(
    JET_SESID sesid,
    JET_PCSTR szDatabaseName,
    JET_PCSTR szTableName,
    uint32_t *pcPasses,
    uint32_t *pcSeconds,
    JET_CALLBACK callback,
    void *pvContext,
    JET_GRBIT grbit);
#endif

/* Obsolete defrag by database name */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDefragment3W(
    JET_SESID sesid,
    JET_PCWSTR szDatabaseName,
    JET_PCWSTR szTableName,
    uint32_t *pcPasses,
    uint32_t *pcSeconds,
    JET_CALLBACK callback,
    void *pvContext,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetDefragment3 JetDefragment3W
#else
#define JetDefragment3 JetDefragment3A
#endif
#endif

/* Online defragmentation of a database */
#if ( JET_VERSION < 0x0600 )
#define JetDefragmentA JetDefragment
#endif
JET_ERR JET_API JetDefragmentA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    uint32_t *pcPasses,
    uint32_t *pcSeconds,
    JET_GRBIT grbit);

/* Online defragmentation of a database */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDefragmentW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    uint32_t *pcPasses,
    uint32_t *pcSeconds,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetDefragment JetDefragmentW
#else
#define JetDefragment JetDefragmentA
#endif
#endif

/* Delete the current record */
JET_ERR JET_API JetDelete(JET_SESID sesid, JET_TABLEID tableid);

/* Delete a column with flags */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetDeleteColumn2A JetDeleteColumn2
#endif
JET_ERR JET_API JetDeleteColumn2A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szColumnName,
    JET_GRBIT grbit);
#endif

/* Delete a column with flags */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDeleteColumn2W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szColumnName,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetDeleteColumn2 JetDeleteColumn2W
#else
#define JetDeleteColumn2 JetDeleteColumn2A
#endif
#endif

/* Delete a column */
#if ( JET_VERSION < 0x0600 )
#define JetDeleteColumnA JetDeleteColumn
#endif
JET_ERR JET_API JetDeleteColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName);

/* Delete a column */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDeleteColumnW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szColumnName);
#ifdef JET_UNICODE
#define JetDeleteColumn JetDeleteColumnW
#else
#define JetDeleteColumn JetDeleteColumnA
#endif
#endif

/* Delete an index */
#if ( JET_VERSION < 0x0600 )
#define JetDeleteIndexA JetDeleteIndex
#endif
JET_ERR JET_API JetDeleteIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName);

/* Delete an index */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDeleteIndexW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName);
#ifdef JET_UNICODE
#define JetDeleteIndex JetDeleteIndexW
#else
#define JetDeleteIndex JetDeleteIndexA
#endif
#endif

/* Delete a table */
#if ( JET_VERSION < 0x0600 )
#define JetDeleteTableA JetDeleteTable
#endif
JET_ERR JET_API JetDeleteTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName);

/* Delete a table */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDeleteTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName);
#ifdef JET_UNICODE
#define JetDeleteTable JetDeleteTableW
#else
#define JetDeleteTable JetDeleteTableA
#endif
#endif

/* Detach with flags */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetDetachDatabase2A JetDetachDatabase2
#endif
JET_ERR JET_API JetDetachDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit);
#endif

/* Detach with flags */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDetachDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename, JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetDetachDatabase2 JetDetachDatabase2W
#else
#define JetDetachDatabase2 JetDetachDatabase2A
#endif
#endif

/* Detach a database (NULL name: all) */
#if ( JET_VERSION < 0x0600 )
#define JetDetachDatabaseA JetDetachDatabase
#endif
JET_ERR JET_API JetDetachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename);

/* Detach a database (NULL name: all) */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetDetachDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename);
#ifdef JET_UNICODE
#define JetDetachDatabase JetDetachDatabaseW
#else
#define JetDetachDatabase JetDetachDatabaseA
#endif
#endif

/* Open another cursor on the same table */
JET_ERR JET_API JetDupCursor(JET_SESID sesid, JET_TABLEID tableid, JET_TABLEID *ptableid, JET_GRBIT grbit);

/* Open another session like this one */
JET_ERR JET_API JetDupSession(JET_SESID sesid, JET_SESID *psesid);

/* Set global parameters and choose multi-instance mode */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetEnableMultiInstanceA JetEnableMultiInstance
#endif
JET_ERR JET_API JetEnableMultiInstanceA(
    JET_SETSYSPARAM_A *psetsysparam,
    uint32_t csetsysparam,
    uint32_t *pcsetsucceed);
#endif

/* Set global parameters and choose multi-instance mode */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetEnableMultiInstanceW(
    JET_SETSYSPARAM_W *psetsysparam,
    uint32_t csetsysparam,
    uint32_t *pcsetsucceed);
#ifdef JET_UNICODE
#define JetEnableMultiInstance JetEnableMultiInstanceW
#else
#define JetEnableMultiInstance JetEnableMultiInstanceA
#endif
#endif

/* End an external backup */
JET_ERR JET_API JetEndExternalBackup(void);

/* End an external backup successfully */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetEndExternalBackupInstance(JET_INSTANCE instance);
#endif

/* End with result flags */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetEndExternalBackupInstance2(JET_INSTANCE instance, JET_GRBIT grbit);
#endif

/* Close a session and everything it holds */
JET_ERR JET_API JetEndSession(JET_SESID sesid, JET_GRBIT grbit);

/* List all values of chosen or all columns */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetEnumerateColumns(
    JET_SESID sesid,
    JET_TABLEID tableid,
    uint32_t cEnumColumnId,
    JET_ENUMCOLUMNID *rgEnumColumnId,
    uint32_t *pcEnumColumn,
    JET_ENUMCOLUMN **prgEnumColumn,
    JET_PFNREALLOC pfnRealloc,
    void *pvReallocContext,
    uint32_t cbDataMost,
    JET_GRBIT grbit);
#endif

/* Add to an escrow column */
JET_ERR JET_API JetEscrowUpdate(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_COLUMNID columnid,
    void *pv,
    uint32_t cbMax,
    void *pvOld,
    uint32_t cbOldMax,
    uint32_t *pcbOldActual,
    JET_GRBIT grbit);

/* Restore with target instance and log range */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetExternalRestore2A JetExternalRestore2
#endif
JET_ERR JET_API JetExternalRestore2A(
    JET_PSTR szCheckpointFilePath,
    JET_PSTR szLogPath,
    JET_RSTMAP_A *rgrstmap,
    int32_t crstfilemap,
    JET_PSTR szBackupLogPath,
    JET_LOGINFO_A *pLogInfo,
    JET_PSTR szTargetInstanceName,
    JET_PSTR szTargetInstanceLogPath,
    JET_PSTR szTargetInstanceCheckpointPath,
    JET_PFNSTATUS pfn);
#endif

/* Restore with target instance and log range */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetExternalRestore2W(
    JET_PWSTR szCheckpointFilePath,
    JET_PWSTR szLogPath,
    JET_RSTMAP_W *rgrstmap,
    int32_t crstfilemap,
    JET_PWSTR szBackupLogPath,
    JET_LOGINFO_W *pLogInfo,
    JET_PWSTR szTargetInstanceName,
    JET_PWSTR szTargetInstanceLogPath,
    JET_PWSTR szTargetInstanceCheckpointPath,
    JET_PFNSTATUS pfn);
#ifdef JET_UNICODE
#define JetExternalRestore2 JetExternalRestore2W
#else
#define JetExternalRestore2 JetExternalRestore2A
#endif
#endif

/* Restore from copied files */
#if ( JET_VERSION < 0x0600 )
#define JetExternalRestoreA JetExternalRestore
#endif
JET_ERR JET_API JetExternalRestoreA(
    JET_PSTR szCheckpointFilePath,
    JET_PSTR szLogPath,
    JET_RSTMAP_A *rgrstmap,
    int32_t crstfilemap,
    JET_PSTR szBackupLogPath,
    int32_t genLow,
    int32_t genHigh,
    JET_PFNSTATUS pfn);

/* Restore from copied files */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetExternalRestoreW(
    JET_PWSTR szCheckpointFilePath,
    JET_PWSTR szLogPath,
    JET_RSTMAP_W *rgrstmap,
    int32_t crstfilemap,
    JET_PWSTR szBackupLogPath,
    int32_t genLow,
    int32_t genHigh,
    JET_PFNSTATUS pfn);
#ifdef JET_UNICODE
#define JetExternalRestore JetExternalRestoreW
#else
#define JetExternalRestore JetExternalRestoreA
#endif
#endif

/* Free memory returned by the engine */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetFreeBuffer(char *pbBuf);
#endif

/* Database files to copy */
#if ( JET_VERSION < 0x0600 )
#define JetGetAttachInfoA JetGetAttachInfo
#endif
JET_ERR JET_API JetGetAttachInfoA(JET_PSTR szzDatabases, uint32_t cbMax, uint32_t *pcbActual);

/* Database files to copy (double-NUL list) */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetGetAttachInfoInstanceA JetGetAttachInfoInstance
#endif
JET_ERR JET_API JetGetAttachInfoInstanceA(
    JET_INSTANCE instance,
    JET_PSTR szzDatabases,
    uint32_t cbMax,
    uint32_t *pcbActual);
#endif

/* Database files to copy (double-NUL list) */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetAttachInfoInstanceW(
    JET_INSTANCE instance,
    JET_PWSTR szzDatabases,
    uint32_t cbMax,
    uint32_t *pcbActual);
#ifdef JET_UNICODE
#define JetGetAttachInfoInstance JetGetAttachInfoInstanceW
#else
#define JetGetAttachInfoInstance JetGetAttachInfoInstanceA
#endif
#endif

/* Database files to copy */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetAttachInfoW(JET_PWSTR wszzDatabases, uint32_t cbMax, uint32_t *pcbActual);
#ifdef JET_UNICODE
#define JetGetAttachInfo JetGetAttachInfoW
#else
#define JetGetAttachInfo JetGetAttachInfoA
#endif
#endif

/* Primary key bookmark */
JET_ERR JET_API JetGetBookmark(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvBookmark,
    uint32_t cbMax,
    uint32_t *pcbActual);

/* Column facts by table name */
#if ( JET_VERSION < 0x0600 )
#define JetGetColumnInfoA JetGetColumnInfo
#endif
JET_ERR JET_API JetGetColumnInfoA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    JET_PCSTR pColumnNameOrId,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Column facts by table name */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetColumnInfoW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    JET_PCWSTR pwColumnNameOrId,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetColumnInfo JetGetColumnInfoW
#else
#define JetGetColumnInfo JetGetColumnInfoA
#endif
#endif

/* Name of the current index */
#if ( JET_VERSION < 0x0600 )
#define JetGetCurrentIndexA JetGetCurrentIndex
#endif
JET_ERR JET_API JetGetCurrentIndexA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PSTR szIndexName,
    uint32_t cbIndexName);

/* Name of the current index */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetCurrentIndexW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PWSTR szIndexName,
    uint32_t cbIndexName);
#ifdef JET_UNICODE
#define JetGetCurrentIndex JetGetCurrentIndexW
#else
#define JetGetCurrentIndex JetGetCurrentIndexA
#endif
#endif

/* Check for conflicting updates of the current record */
JET_ERR JET_API JetGetCursorInfo(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Facts of a database file by name */
#if ( JET_VERSION < 0x0600 )
#define JetGetDatabaseFileInfoA JetGetDatabaseFileInfo
#endif
JET_ERR JET_API JetGetDatabaseFileInfoA(
    JET_PCSTR szDatabaseName,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Facts of a database file by name */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetDatabaseFileInfoW(
    JET_PCWSTR szDatabaseName,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetDatabaseFileInfo JetGetDatabaseFileInfoW
#else
#define JetGetDatabaseFileInfo JetGetDatabaseFileInfoA
#endif
#endif

/* Facts of an open database */
#if ( JET_VERSION < 0x0600 )
#define JetGetDatabaseInfoA JetGetDatabaseInfo
#endif
JET_ERR JET_API JetGetDatabaseInfoA(
    JET_SESID sesid,
    JET_DBID dbid,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Facts of an open database */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetDatabaseInfoW(
    JET_SESID sesid,
    JET_DBID dbid,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetDatabaseInfo JetGetDatabaseInfoW
#else
#define JetGetDatabaseInfo JetGetDatabaseInfoA
#endif
#endif

/* Category of an error code */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetGetErrorInfoW(
    void *pvContext,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetGetErrorInfo JetGetErrorInfoW
#endif
#endif

/* Index facts by table name */
#if ( JET_VERSION < 0x0600 )
#define JetGetIndexInfoA JetGetIndexInfo
#endif
JET_ERR JET_API JetGetIndexInfoA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    JET_PCSTR szIndexName,
    void *pvResult,
    uint32_t cbResult,
    uint32_t InfoLevel);

/* Index facts by table name */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetIndexInfoW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    JET_PCWSTR szIndexName,
    void *pvResult,
    uint32_t cbResult,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetIndexInfo JetGetIndexInfoW
#else
#define JetGetIndexInfo JetGetIndexInfoA
#endif
#endif

/* List instances and databases */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetGetInstanceInfoA JetGetInstanceInfo
#endif
JET_ERR JET_API JetGetInstanceInfoA(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo);
#endif

/* List instances and databases */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetInstanceInfoW(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_W **paInstanceInfo);
#ifdef JET_UNICODE
#define JetGetInstanceInfo JetGetInstanceInfoW
#else
#define JetGetInstanceInfo JetGetInstanceInfoA
#endif
#endif

/* Log signature and similar of an instance */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetInstanceMiscInfo(
    JET_INSTANCE instance,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#endif

/* Read local storage */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetGetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS *pls, JET_GRBIT grbit);
#endif

/* Lock the current record */
JET_ERR JET_API JetGetLock(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/* Log files to copy */
#if ( JET_VERSION < 0x0600 )
#define JetGetLogInfoA JetGetLogInfo
#endif
JET_ERR JET_API JetGetLogInfoA(JET_PSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual);

/* As before with generation range */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetGetLogInfoInstance2A JetGetLogInfoInstance2
#endif
JET_ERR JET_API JetGetLogInfoInstance2A(
    JET_INSTANCE instance,
    JET_PSTR szzLogs,
    uint32_t cbMax,
    uint32_t *pcbActual,
    JET_LOGINFO_A *pLogInfo);
#endif

/* As before with generation range */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetLogInfoInstance2W(
    JET_INSTANCE instance,
    JET_PWSTR wszzLogs,
    uint32_t cbMax,
    uint32_t *pcbActual,
    JET_LOGINFO_W *pLogInfo);
#ifdef JET_UNICODE
#define JetGetLogInfoInstance2 JetGetLogInfoInstance2W
#else
#define JetGetLogInfoInstance2 JetGetLogInfoInstance2A
#endif
#endif

/* Log files to copy (double-NUL list) */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetGetLogInfoInstanceA JetGetLogInfoInstance
#endif
JET_ERR JET_API JetGetLogInfoInstanceA(
    JET_INSTANCE instance,
    JET_PSTR szzLogs,
    uint32_t cbMax,
    uint32_t *pcbActual);
#endif

/* Log files to copy (double-NUL list) */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetLogInfoInstanceW(
    JET_INSTANCE instance,
    JET_PWSTR wszzLogs,
    uint32_t cbMax,
    uint32_t *pcbActual);
#ifdef JET_UNICODE
#define JetGetLogInfoInstance JetGetLogInfoInstanceW
#else
#define JetGetLogInfoInstance JetGetLogInfoInstanceA
#endif
#endif

/* Log files to copy */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetLogInfoW(JET_PWSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual);
#ifdef JET_UNICODE
#define JetGetLogInfo JetGetLogInfoW
#else
#define JetGetLogInfo JetGetLogInfoA
#endif
#endif

/* Table list or facts of one table */
#if ( JET_VERSION < 0x0600 )
#define JetGetObjectInfoA JetGetObjectInfo
#endif
JET_ERR JET_API JetGetObjectInfoA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_OBJTYP objtyp,
    JET_PCSTR szContainerName,
    JET_PCSTR szObjectName,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Table list or facts of one table */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetObjectInfoW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_OBJTYP objtyp,
    JET_PCWSTR szContainerName,
    JET_PCWSTR szObjectName,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetObjectInfo JetGetObjectInfoW
#else
#define JetGetObjectInfo JetGetObjectInfoA
#endif
#endif

/* Estimate the record's relative position */
JET_ERR JET_API JetGetRecordPosition(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_RECPOS *precpos,
    uint32_t cbRecpos);

/* Size of the record */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetRecordSize(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_RECSIZE *precsize,
    JET_GRBIT grbit);
#endif

/* Size incl. compression */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetGetRecordSize2(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_RECSIZE2 *precsize,
    JET_GRBIT grbit);
#endif

/* Secondary index bookmark */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetGetSecondaryIndexBookmark(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvSecondaryKey,
    uint32_t cbSecondaryKeyMax,
    uint32_t *pcbSecondaryKeyActual,
    void *pvPrimaryBookmark,
    uint32_t cbPrimaryBookmarkMax,
    uint32_t *pcbPrimaryBookmarkActual,
    JET_GRBIT grbit);
#endif

/* Read a session parameter */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetGetSessionParameter(
    JET_SESID sesid,
    uint32_t sesparamid,
    void *pvParam,
    uint32_t cbParamMax,
    uint32_t *pcbParamActual);
#endif

/* Read a system parameter */
#if ( JET_VERSION < 0x0600 )
#define JetGetSystemParameterA JetGetSystemParameter
#endif
JET_ERR JET_API JetGetSystemParameterA(
    JET_INSTANCE instance,
    JET_SESID sesid,
    uint32_t paramid,
    JET_API_PTR *plParam,
    JET_PSTR szParam,
    uint32_t cbMax);

/* Read a system parameter */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetSystemParameterW(
    JET_INSTANCE instance,
    JET_SESID sesid,
    uint32_t paramid,
    JET_API_PTR *plParam,
    JET_PWSTR szParam,
    uint32_t cbMax);
#ifdef JET_UNICODE
#define JetGetSystemParameter JetGetSystemParameterW
#else
#define JetGetSystemParameter JetGetSystemParameterA
#endif
#endif

/* Column facts by cursor */
#if ( JET_VERSION < 0x0600 )
#define JetGetTableColumnInfoA JetGetTableColumnInfo
#endif
JET_ERR JET_API JetGetTableColumnInfoA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szColumnName,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Column facts by cursor */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetTableColumnInfoW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szColumnName,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetTableColumnInfo JetGetTableColumnInfoW
#else
#define JetGetTableColumnInfo JetGetTableColumnInfoA
#endif
#endif

/* Index facts by cursor */
#if ( JET_VERSION < 0x0600 )
#define JetGetTableIndexInfoA JetGetTableIndexInfo
#endif
JET_ERR JET_API JetGetTableIndexInfoA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szIndexName,
    void *pvResult,
    uint32_t cbResult,
    uint32_t InfoLevel);

/* Index facts by cursor */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetTableIndexInfoW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szIndexName,
    void *pvResult,
    uint32_t cbResult,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetTableIndexInfo JetGetTableIndexInfoW
#else
#define JetGetTableIndexInfo JetGetTableIndexInfoA
#endif
#endif

/* Facts of an open table */
#if ( JET_VERSION < 0x0600 )
#define JetGetTableInfoA JetGetTableInfo
#endif
JET_ERR JET_API JetGetTableInfoA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);

/* Facts of an open table */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetTableInfoW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvResult,
    uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetTableInfo JetGetTableInfoW
#else
#define JetGetTableInfo JetGetTableInfoA
#endif
#endif

/* Per-thread performance counters */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetThreadStats(void *pvResult, uint32_t cbMax);
#endif

/* Log files that may be deleted */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetGetTruncateLogInfoInstanceA JetGetTruncateLogInfoInstance
#endif
JET_ERR JET_API JetGetTruncateLogInfoInstanceA(
    JET_INSTANCE instance,
    JET_PSTR szzLogs,
    uint32_t cbMax,
    uint32_t *pcbActual);
#endif

/* Log files that may be deleted */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetGetTruncateLogInfoInstanceW(
    JET_INSTANCE instance,
    JET_PWSTR wszzLogs,
    uint32_t cbMax,
    uint32_t *pcbActual);
#ifdef JET_UNICODE
#define JetGetTruncateLogInfoInstance JetGetTruncateLogInfoInstanceW
#else
#define JetGetTruncateLogInfoInstance JetGetTruncateLogInfoInstanceA
#endif
#endif

/* Engine version number */
JET_ERR JET_API JetGetVersion(JET_SESID sesid, uint32_t *pwVersion);

/* Go to a record by bookmark */
JET_ERR JET_API JetGotoBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark);

/* Go to a relative position */
JET_ERR JET_API JetGotoPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos);

/* Go to an index entry by bookmark */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetGotoSecondaryIndexBookmark(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvSecondaryKey,
    uint32_t cbSecondaryKey,
    void *pvPrimaryBookmark,
    uint32_t cbPrimaryBookmark,
    JET_GRBIT grbit);
#endif

/* Grow an open database */
JET_ERR JET_API JetGrowDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpg, uint32_t *pcpgReal);

/* Do idle work or query it */
JET_ERR JET_API JetIdle(JET_SESID sesid, JET_GRBIT grbit);

/* Count entries up to a limit */
JET_ERR JET_API JetIndexRecordCount(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcrec, uint32_t crecMax);

/* Start an instance (create implicit one if needed), run crash recovery */
JET_ERR JET_API JetInit(JET_INSTANCE *pinstance);

/* JetInit with flags */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetInit2(JET_INSTANCE *pinstance, JET_GRBIT grbit);
#endif

/* JetInit2 with database path map and stop position */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetInit3A(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo, JET_GRBIT grbit);
#endif

/* JetInit2 with database path map and stop position */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetInit3W(JET_INSTANCE *pinstance, JET_RSTINFO_W *prstInfo, JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetInit3 JetInit3W
#else
#define JetInit3 JetInit3A
#endif
#endif

/* Records common to several ranges */
JET_ERR JET_API JetIntersectIndexes(
    JET_SESID sesid,
    JET_INDEXRANGE *rgindexrange,
    uint32_t cindexrange,
    JET_RECORDLIST *precordlist,
    JET_GRBIT grbit);

/* Build a search key column by column */
JET_ERR JET_API JetMakeKey(
    JET_SESID sesid,
    JET_TABLEID tableid,
    const void *pvData,
    uint32_t cbData,
    JET_GRBIT grbit);

/* Move by rows */
JET_ERR JET_API JetMove(JET_SESID sesid, JET_TABLEID tableid, int32_t cRow, JET_GRBIT grbit);

/* Cancel the snapshot */
#if ( JET_VERSION >= 0x0502 )
JET_ERR JET_API JetOSSnapshotAbort(JET_OSSNAPID snapId, JET_GRBIT grbit);
#endif

/* End the snapshot session */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotEnd(JET_OSSNAPID snapId, JET_GRBIT grbit);
#endif

/* Stop writes */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetOSSnapshotFreezeA JetOSSnapshotFreeze
#endif
JET_ERR JET_API JetOSSnapshotFreezeA(
    JET_OSSNAPID snapId,
    uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_A **paInstanceInfo,
    JET_GRBIT grbit);
#endif

/* Stop writes */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotFreezeW(
    JET_OSSNAPID snapId,
    uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_W **paInstanceInfo,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetOSSnapshotFreeze JetOSSnapshotFreezeW
#else
#define JetOSSnapshotFreeze JetOSSnapshotFreezeA
#endif
#endif

/* Instances and databases in the snapshot */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotGetFreezeInfoA(
    JET_OSSNAPID snapId,
    uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_A **paInstanceInfo,
    JET_GRBIT grbit);
#endif

/* Instances and databases in the snapshot */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotGetFreezeInfoW(
    JET_OSSNAPID snapId,
    uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_W **paInstanceInfo,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetOSSnapshotGetFreezeInfo JetOSSnapshotGetFreezeInfoW
#else
#define JetOSSnapshotGetFreezeInfo JetOSSnapshotGetFreezeInfoA
#endif
#endif

/* Begin a snapshot session */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetOSSnapshotPrepare(JET_OSSNAPID *psnapId, JET_GRBIT grbit);
#endif

/* Name an instance for the snapshot */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotPrepareInstance(JET_OSSNAPID snapId, JET_INSTANCE instance, JET_GRBIT grbit);
#endif

/* Allow writes again */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetOSSnapshotThaw(JET_OSSNAPID snapId, JET_GRBIT grbit);
#endif

/* Delete logs after the snapshot */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotTruncateLog(JET_OSSNAPID snapId, JET_GRBIT grbit);
#endif

/* As before for one instance */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOSSnapshotTruncateLogInstance(JET_OSSNAPID snapId, JET_INSTANCE instance, JET_GRBIT grbit);
#endif

/* Open an attached database in a session */
#if ( JET_VERSION < 0x0600 )
#define JetOpenDatabaseA JetOpenDatabase
#endif
JET_ERR JET_API JetOpenDatabaseA(
    JET_SESID sesid,
    JET_PCSTR szFilename,
    JET_PCSTR szConnect,
    JET_DBID *pdbid,
    JET_GRBIT grbit);

/* Open an attached database in a session */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOpenDatabaseW(
    JET_SESID sesid,
    JET_PCWSTR szFilename,
    JET_PCWSTR szConnect,
    JET_DBID *pdbid,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetOpenDatabase JetOpenDatabaseW
#else
#define JetOpenDatabase JetOpenDatabaseA
#endif
#endif

/* Open a file for backup reading */
#if ( JET_VERSION < 0x0600 )
#define JetOpenFileA JetOpenFile
#endif
JET_ERR JET_API JetOpenFileA(
    JET_PCSTR szFileName,
    JET_HANDLE *phfFile,
    uint32_t *pulFileSizeLow,
    uint32_t *pulFileSizeHigh);

/* Open a file for backup reading */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetOpenFileInstanceA JetOpenFileInstance
#endif
JET_ERR JET_API JetOpenFileInstanceA(
    JET_INSTANCE instance,
    JET_PCSTR szFileName,
    JET_HANDLE *phfFile,
    uint32_t *pulFileSizeLow,
    uint32_t *pulFileSizeHigh);
#endif

/* Open a file for backup reading */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOpenFileInstanceW(
    JET_INSTANCE instance,
    JET_PCWSTR szFileName,
    JET_HANDLE *phfFile,
    uint32_t *pulFileSizeLow,
    uint32_t *pulFileSizeHigh);
#ifdef JET_UNICODE
#define JetOpenFileInstance JetOpenFileInstanceW
#else
#define JetOpenFileInstance JetOpenFileInstanceA
#endif
#endif

/* Open a file for backup reading */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOpenFileW(
    JET_PCWSTR szFileName,
    JET_HANDLE *phfFile,
    uint32_t *pulFileSizeLow,
    uint32_t *pulFileSizeHigh);
#ifdef JET_UNICODE
#define JetOpenFile JetOpenFileW
#else
#define JetOpenFile JetOpenFileA
#endif
#endif

/* Open a cursor on a table */
#if ( JET_VERSION < 0x0600 )
#define JetOpenTableA JetOpenTable
#endif
JET_ERR JET_API JetOpenTableA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    const void *pvParameters,
    uint32_t cbParameters,
    JET_GRBIT grbit,
    JET_TABLEID *ptableid);

/* Open a cursor on a table */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOpenTableW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    const void *pvParameters,
    uint32_t cbParameters,
    JET_GRBIT grbit,
    JET_TABLEID *ptableid);
#ifdef JET_UNICODE
#define JetOpenTable JetOpenTableW
#else
#define JetOpenTable JetOpenTableA
#endif
#endif

/* Create a temporary table (default LCID) */
JET_ERR JET_API JetOpenTempTable(
    JET_SESID sesid,
    const JET_COLUMNDEF *prgcolumndef,
    uint32_t ccolumn,
    JET_GRBIT grbit,
    JET_TABLEID *ptableid,
    JET_COLUMNID *prgcolumnid);

/* As before with LCID */
JET_ERR JET_API JetOpenTempTable2(
    JET_SESID sesid,
    const JET_COLUMNDEF *prgcolumndef,
    uint32_t ccolumn,
    uint32_t lcid,
    JET_GRBIT grbit,
    JET_TABLEID *ptableid,
    JET_COLUMNID *prgcolumnid);

/* As before with JET_UNICODEINDEX */
JET_ERR JET_API JetOpenTempTable3(
    JET_SESID sesid,
    const JET_COLUMNDEF *prgcolumndef,
    uint32_t ccolumn,
    JET_UNICODEINDEX *pidxunicode,
    JET_GRBIT grbit,
    JET_TABLEID *ptableid,
    JET_COLUMNID *prgcolumnid);

/* By structure */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetOpenTemporaryTable(JET_SESID sesid, JET_OPENTEMPORARYTABLE *popentemporarytable);
#endif

/* By structure with locale name */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetOpenTemporaryTable2(JET_SESID sesid, JET_OPENTEMPORARYTABLE2 *popentemporarytable);
#endif

/* Start an update (JET_prep*) */
JET_ERR JET_API JetPrepareUpdate(JET_SESID sesid, JET_TABLEID tableid, uint32_t prep);

/* Read ahead by ranges */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetPrereadIndexRanges(
    JET_SESID sesid,
    JET_TABLEID tableid,
    const JET_INDEX_RANGE *rgIndexRanges,
    uint32_t cIndexRanges,
    uint32_t *pcRangesPreread,
    const JET_COLUMNID *rgcolumnidPreread,
    uint32_t ccolumnidPreread,
    JET_GRBIT grbit);
#endif

/* Read ahead by keys */
#if ( JET_VERSION >= 0x0601 )
JET_ERR JET_API JetPrereadKeys(
    JET_SESID sesid,
    JET_TABLEID tableid,
    const void **rgpvKeys,
    const uint32_t *rgcbKeys,
    int32_t ckeys,
    int32_t *pckeysPreread,
    JET_GRBIT grbit);
#endif

/* Read backup data */
JET_ERR JET_API JetReadFile(JET_HANDLE hfFile, void *pv, uint32_t cb, uint32_t *pcbActual);

/* Read backup data */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetReadFileInstance(
    JET_INSTANCE instance,
    JET_HANDLE hfFile,
    void *pv,
    uint32_t cb,
    uint32_t *pcbActual);
#endif

/* Run-time record callback */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetRegisterCallback(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_CBTYP cbtyp,
    JET_CALLBACK pCallback,
    void *pvContext,
    JET_HANDLE *phCallbackId);
#endif

/* Rename a column */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetRenameColumnA JetRenameColumn
#endif
JET_ERR JET_API JetRenameColumnA(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szName,
    JET_PCSTR szNameNew,
    JET_GRBIT grbit);
#endif

/* Rename a column */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetRenameColumnW(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szName,
    JET_PCWSTR szNameNew,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetRenameColumn JetRenameColumnW
#else
#define JetRenameColumn JetRenameColumnA
#endif
#endif

/* Rename a table */
#if ( JET_VERSION < 0x0600 )
#define JetRenameTableA JetRenameTable
#endif
JET_ERR JET_API JetRenameTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szName, JET_PCSTR szNameNew);

/* Rename a table */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetRenameTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szName, JET_PCWSTR szNameNew);
#ifdef JET_UNICODE
#define JetRenameTable JetRenameTableW
#else
#define JetRenameTable JetRenameTableA
#endif
#endif

/* End the binding */
JET_ERR JET_API JetResetSessionContext(JET_SESID sesid);

/* End of the scan hint */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetResetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);
#endif

/* Grow or shrink an open database */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetResizeDatabase(
    JET_SESID sesid,
    JET_DBID dbid,
    uint32_t cpgTarget,
    uint32_t *pcpgActual,
    JET_GRBIT grbit);
#endif

/* Restore to another folder */
#if ( JET_VERSION < 0x0600 )
#define JetRestore2A JetRestore2
#endif
JET_ERR JET_API JetRestore2A(JET_PCSTR sz, JET_PCSTR szDest, JET_PFNSTATUS pfn);

/* Restore to another folder */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetRestore2W(JET_PCWSTR sz, JET_PCWSTR szDest, JET_PFNSTATUS pfn);
#ifdef JET_UNICODE
#define JetRestore2 JetRestore2W
#else
#define JetRestore2 JetRestore2A
#endif
#endif

/* Restore a folder backup */
#if ( JET_VERSION < 0x0600 )
#define JetRestoreA JetRestore
#endif
JET_ERR JET_API JetRestoreA(JET_PCSTR szSource, JET_PFNSTATUS pfn);

/* Restore a folder backup */
#if ( JET_VERSION >= 0x0501 )
#if ( JET_VERSION < 0x0600 )
#define JetRestoreInstanceA JetRestoreInstance
#endif
JET_ERR JET_API JetRestoreInstanceA(JET_INSTANCE instance, JET_PCSTR sz, JET_PCSTR szDest, JET_PFNSTATUS pfn);
#endif

/* Restore a folder backup */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetRestoreInstanceW(
    JET_INSTANCE instance,
    JET_PCWSTR sz,
    JET_PCWSTR szDest,
    JET_PFNSTATUS pfn);
#ifdef JET_UNICODE
#define JetRestoreInstance JetRestoreInstanceW
#else
#define JetRestoreInstance JetRestoreInstanceA
#endif
#endif

/* Restore a folder backup */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetRestoreW(JET_PCWSTR szSource, JET_PFNSTATUS pfn);
#ifdef JET_UNICODE
#define JetRestore JetRestoreW
#else
#define JetRestore JetRestoreA
#endif
#endif

/* Read one column value */
JET_ERR JET_API JetRetrieveColumn(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_COLUMNID columnid,
    void *pvData,
    uint32_t cbData,
    uint32_t *pcbActual,
    JET_GRBIT grbit,
    JET_RETINFO *pretinfo);

/* Read several column values */
JET_ERR JET_API JetRetrieveColumns(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_RETRIEVECOLUMN *pretrievecolumn,
    uint32_t cretrievecolumn);

/* Current key or search key */
JET_ERR JET_API JetRetrieveKey(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvKey,
    uint32_t cbMax,
    uint32_t *pcbActual,
    JET_GRBIT grbit);

/* Roll back the innermost (or every) transaction */
JET_ERR JET_API JetRollback(JET_SESID sesid, JET_GRBIT grbit);

/* Find a key */
JET_ERR JET_API JetSeek(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/* Set one column value */
JET_ERR JET_API JetSetColumn(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_COLUMNID columnid,
    const void *pvData,
    uint32_t cbData,
    JET_GRBIT grbit,
    JET_SETINFO *psetinfo);

/* Change a column's default */
#if ( JET_VERSION < 0x0600 )
#define JetSetColumnDefaultValueA JetSetColumnDefaultValue
#endif
JET_ERR JET_API JetSetColumnDefaultValueA(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCSTR szTableName,
    JET_PCSTR szColumnName,
    const void *pvData,
    uint32_t cbData,
    JET_GRBIT grbit);

/* Change a column's default */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetColumnDefaultValueW(
    JET_SESID sesid,
    JET_DBID dbid,
    JET_PCWSTR szTableName,
    JET_PCWSTR szColumnName,
    const void *pvData,
    uint32_t cbData,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetSetColumnDefaultValue JetSetColumnDefaultValueW
#else
#define JetSetColumnDefaultValue JetSetColumnDefaultValueA
#endif
#endif

/* Set several column values */
JET_ERR JET_API JetSetColumns(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_SETCOLUMN *psetcolumn,
    uint32_t csetcolumn);

/* Choose with flags */
#if ( JET_VERSION < 0x0600 )
#define JetSetCurrentIndex2A JetSetCurrentIndex2
#endif
JET_ERR JET_API JetSetCurrentIndex2A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szIndexName,
    JET_GRBIT grbit);

/* Choose with flags */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetCurrentIndex2W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szIndexName,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetSetCurrentIndex2 JetSetCurrentIndex2W
#else
#define JetSetCurrentIndex2 JetSetCurrentIndex2A
#endif
#endif

/* Choose with value number */
#if ( JET_VERSION < 0x0600 )
#define JetSetCurrentIndex3A JetSetCurrentIndex3
#endif
JET_ERR JET_API JetSetCurrentIndex3A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szIndexName,
    JET_GRBIT grbit,
    uint32_t itagSequence);

/* Choose with value number */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetCurrentIndex3W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szIndexName,
    JET_GRBIT grbit,
    uint32_t itagSequence);
#ifdef JET_UNICODE
#define JetSetCurrentIndex3 JetSetCurrentIndex3W
#else
#define JetSetCurrentIndex3 JetSetCurrentIndex3A
#endif
#endif

/* Choose by JET_INDEXID */
#if ( JET_VERSION < 0x0600 )
#define JetSetCurrentIndex4A JetSetCurrentIndex4
#endif
JET_ERR JET_API JetSetCurrentIndex4A(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCSTR szIndexName,
    JET_INDEXID *pindexid,
    JET_GRBIT grbit,
    uint32_t itagSequence);

/* Choose by JET_INDEXID */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetCurrentIndex4W(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_PCWSTR szIndexName,
    JET_INDEXID *pindexid,
    JET_GRBIT grbit,
    uint32_t itagSequence);
#ifdef JET_UNICODE
#define JetSetCurrentIndex4 JetSetCurrentIndex4W
#else
#define JetSetCurrentIndex4 JetSetCurrentIndex4A
#endif
#endif

/* Choose an index by name */
#if ( JET_VERSION < 0x0600 )
#define JetSetCurrentIndexA JetSetCurrentIndex
#endif
JET_ERR JET_API JetSetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName);

/* Choose an index by name */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName);
#ifdef JET_UNICODE
#define JetSetCurrentIndex JetSetCurrentIndexW
#else
#define JetSetCurrentIndex JetSetCurrentIndexA
#endif
#endif

/* Filter rows while moving */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetSetCursorFilter(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_INDEX_COLUMN *rgColumnFilters,
    uint32_t cColumnFilters,
    JET_GRBIT grbit);
#endif

/* Set the size of a detached database file */
#if ( JET_VERSION < 0x0600 )
#define JetSetDatabaseSizeA JetSetDatabaseSize
#endif
JET_ERR JET_API JetSetDatabaseSizeA(
    JET_SESID sesid,
    JET_PCSTR szDatabaseName,
    uint32_t cpg,
    uint32_t *pcpgReal);

/* Set the size of a detached database file */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetDatabaseSizeW(
    JET_SESID sesid,
    JET_PCWSTR szDatabaseName,
    uint32_t cpg,
    uint32_t *pcpgReal);
#ifdef JET_UNICODE
#define JetSetDatabaseSize JetSetDatabaseSizeW
#else
#define JetSetDatabaseSize JetSetDatabaseSizeA
#endif
#endif

/* Limit moves by the current key */
JET_ERR JET_API JetSetIndexRange(JET_SESID sesid, JET_TABLEID tableidSrc, JET_GRBIT grbit);

/* Attach local storage to a cursor or table */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetSetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS ls, JET_GRBIT grbit);
#endif

/* Bind a session to a context so threads may share it */
JET_ERR JET_API JetSetSessionContext(JET_SESID sesid, JET_API_PTR ulContext);

/* Set a session parameter */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetSetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParam);
#endif

/* Set a system parameter */
#if ( JET_VERSION < 0x0600 )
#define JetSetSystemParameterA JetSetSystemParameter
#endif
JET_ERR JET_API JetSetSystemParameterA(
    JET_INSTANCE *pinstance,
    JET_SESID sesid,
    uint32_t paramid,
    JET_API_PTR lParam,
    JET_PCSTR szParam);

/* Set a system parameter */
#if ( JET_VERSION >= 0x0600 )
JET_ERR JET_API JetSetSystemParameterW(
    JET_INSTANCE *pinstance,
    JET_SESID sesid,
    uint32_t paramid,
    JET_API_PTR lParam,
    JET_PCWSTR szParam);
#ifdef JET_UNICODE
#define JetSetSystemParameter JetSetSystemParameterW
#else
#define JetSetSystemParameter JetSetSystemParameterA
#endif
#endif

/* Hint: scan follows */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetSetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);
#endif

/* End a running backup */
JET_ERR JET_API JetStopBackup(void);

/* End a running backup of an instance */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetStopBackupInstance(JET_INSTANCE instance);
#endif

/* Prepare for quick shutdown */
JET_ERR JET_API JetStopService(void);

/* Prepare an instance for quick shutdown */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetStopServiceInstance(JET_INSTANCE instance);
#endif

/* Stop or resume selected services */
#if ( JET_VERSION >= 0x0602 )
JET_ERR JET_API JetStopServiceInstance2(JET_INSTANCE instance, JET_GRBIT grbit);
#endif

/* Stop an instance */
JET_ERR JET_API JetTerm(JET_INSTANCE instance);

/* Stop an instance with flags */
JET_ERR JET_API JetTerm2(JET_INSTANCE instance, JET_GRBIT grbit);

/* Delete logs no longer needed */
JET_ERR JET_API JetTruncateLog(void);

/* Delete logs no longer needed */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetTruncateLogInstance(JET_INSTANCE instance);
#endif

/* Remove a callback */
#if ( JET_VERSION >= 0x0501 )
JET_ERR JET_API JetUnregisterCallback(
    JET_SESID sesid,
    JET_TABLEID tableid,
    JET_CBTYP cbtyp,
    JET_HANDLE hCallbackId);
#endif

/* Finish a prepared update */
JET_ERR JET_API JetUpdate(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvBookmark,
    uint32_t cbBookmark,
    uint32_t *pcbActual);

/* Finish with flags */
#if ( JET_VERSION >= 0x0502 )
JET_ERR JET_API JetUpdate2(
    JET_SESID sesid,
    JET_TABLEID tableid,
    void *pvBookmark,
    uint32_t cbBookmark,
    uint32_t *pcbActual,
    JET_GRBIT grbit);
#endif

/* The version of libesent itself, as "MAJOR.MINOR.PATCH". */
const char *JET_API libesent_version(void);

#endif /* _JET_NOPROTOTYPES */

#pragma pack(pop)
#undef JET_EXTENSION

#ifdef __cplusplus
}
#endif

#endif /* _JET_INCLUDED */
